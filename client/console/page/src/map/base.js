// The coarse map under the positions: coasts, state lines and land borders from
// base.json (map/make.mjs), and some towns, for orientation only.
import packed from "./base.json";

/** unpack gives lines with their bounds, in degrees. */
function unpack(list, unit) {
  return list.map((numbers) => {
    const points = [];
    let x = 0, y = 0, west = 180, east = -180, south = 90, north = -90;
    for (let i = 0; i < numbers.length; i += 2) {
      x += numbers[i]; y += numbers[i + 1];
      const lon = x / unit, lat = y / unit;
      points.push([lon, lat]);
      west = Math.min(west, lon); east = Math.max(east, lon);
      south = Math.min(south, lat); north = Math.max(north, lat);
    }
    return { points, west, east, south, north };
  });
}

export const layers = [
  { name: "coast", lines: unpack(packed.coasts, 100) },
  { name: "state", lines: unpack(packed.states, 100) },
  { name: "border", lines: unpack(packed.borders, 1000) },
];

/** towns: name, latitude, longitude, and the degrees across below which they show. */
export const towns = [
  ["San Diego", 32.716, -117.161, 30], ["Tijuana", 32.515, -117.038, 8], ["Mexicali", 32.624, -115.452, 12], ["Calexico", 32.679, -115.499, 2],
  ["Yuma", 32.693, -114.628, 8], ["San Luis Río Colorado", 32.463, -114.772, 3], ["Lukeville", 31.882, -112.817, 4], ["Tucson", 32.222, -110.975, 20], ["Nogales", 31.325, -110.943, 8],
  ["Naco", 31.335, -109.948, 3], ["Douglas", 31.345, -109.545, 6], ["Agua Prieta", 31.328, -109.549, 2], ["Columbus", 31.828, -107.640, 4], ["El Paso", 31.762, -106.485, 25], ["Ciudad Juárez", 31.690, -106.425, 10],
  ["Presidio", 29.561, -104.372, 6], ["Ojinaga", 29.564, -104.416, 2], ["Chihuahua", 28.633, -106.069, 25], ["Del Rio", 29.363, -100.897, 8], ["Ciudad Acuña", 29.324, -100.931, 3],
  ["Eagle Pass", 28.709, -100.499, 8], ["Piedras Negras", 28.700, -100.523, 2], ["Laredo", 27.506, -99.507, 15], ["Nuevo Laredo", 27.478, -99.516, 3], ["Monterrey", 25.686, -100.316, 30],
  ["Roma", 26.405, -99.016, 2], ["McAllen", 26.203, -98.230, 8], ["Reynosa", 26.092, -98.278, 4], ["Brownsville", 25.902, -97.497, 12], ["Matamoros", 25.870, -97.504, 3], ["San Antonio", 29.424, -98.494, 25], ["Saltillo", 25.423, -100.992, 15],
  ["Vancouver", 49.283, -123.121, 40], ["Blaine", 48.994, -122.747, 3], ["Seattle", 47.606, -122.332, 30], ["Sweetgrass", 48.998, -111.966, 6], ["Coutts", 49.000, -111.960, 2], ["Winnipeg", 49.895, -97.138, 40], ["Pembina", 48.966, -97.244, 6], ["Emerson", 49.006, -97.212, 2],
  ["International Falls", 48.601, -93.411, 8], ["Fort Frances", 48.610, -93.397, 2], ["Sault Ste. Marie", 46.495, -84.345, 10], ["Detroit", 42.331, -83.046, 25], ["Windsor", 42.315, -83.036, 4],
  ["Port Huron", 42.971, -82.425, 6], ["Sarnia", 42.975, -82.407, 3], ["Toronto", 43.653, -79.383, 40], ["Buffalo", 42.886, -78.878, 15], ["Niagara Falls", 43.096, -79.038, 4], ["Ottawa", 45.421, -75.697, 30], ["Ogdensburg", 44.694, -75.486, 5],
  ["Massena", 44.928, -74.892, 6], ["Cornwall", 45.018, -74.728, 3], ["Montréal", 45.502, -73.567, 40], ["Champlain", 44.986, -73.446, 3], ["Derby Line", 45.005, -72.099, 3], ["Houlton", 46.126, -67.840, 5], ["Calais", 45.189, -67.279, 5], ["St. Stephen", 45.194, -67.277, 2],
  ["Whitehorse", 60.721, -135.057, 25], ["Juneau", 58.302, -134.420, 25], ["Houston", 29.760, -95.370, 40], ["Phoenix", 33.448, -112.074, 30], ["Hermosillo", 29.073, -110.956, 20], ["México", 19.433, -99.133, 60], ["New York", 40.713, -74.006, 60], ["Los Angeles", 34.052, -118.244, 60],
];
