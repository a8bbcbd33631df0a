// From degrees to the screen: a plain cylinder that is true at the middle's latitude.
// Pure functions; a place is { lat, lon, across } with across in degrees of longitude.

const metresPerDegree = 111_320;

export function projector(place, width, height) {
  const k = width / place.across, squeeze = 1 / Math.cos(place.lat * Math.PI / 180);
  return {
    x: (lon) => width / 2 + (lon - place.lon) * k,
    y: (lat) => height / 2 - (lat - place.lat) * k * squeeze,
    lon: (x) => place.lon + (x - width / 2) / k,
    lat: (y) => place.lat - (y - height / 2) / (k * squeeze),
    metres: (pixels) => (pixels / k) * metresPerDegree / squeeze,
  };
}

/** fit is the place that shows all points, with a margin. */
export function fit(points, width, height) {
  if (!points.length) return { lat: 29, lon: -101, across: 18 };
  const lats = points.map((p) => p.lat), lons = points.map((p) => p.lon);
  const [south, north, west, east] = [Math.min(...lats), Math.max(...lats), Math.min(...lons), Math.max(...lons)];
  const lat = (south + north) / 2, tall = (north - south) / Math.cos(lat * Math.PI / 180) * (width / height);
  return bound({ lat, lon: (west + east) / 2, across: Math.max(east - west, tall, 0.02) * 1.5 });
}

export const bound = ({ lat, lon, across }) => ({
  lat: Math.min(80, Math.max(-80, lat)), lon: ((lon + 540) % 360) - 180, across: Math.min(120, Math.max(0.002, across)),
});

/** step is 1, 2 or 5 times a power of ten, at most most. */
export function step(most) {
  const ten = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((n) => n * ten).find((n) => n <= most);
}
