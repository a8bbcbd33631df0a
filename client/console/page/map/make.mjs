// Makes src/map/base.json, the coarse map under the positions:
//
//	node make.mjs COUNTRIES-50M COUNTRIES-10M STATES-10M
//
// from the files of the npm packages world-atlas 2.0.2 (Natural Earth, public domain)
// and us-atlas 3.0.1 (U.S. Census Bureau, public domain). Lines are [lon, lat, lon,
// lat, …] in hundredths of a degree (thousandths for land borders), each number the
// difference to the one before.
import { readFileSync, writeFileSync } from "node:fs";

const [coarse, fine, states] = process.argv.slice(2).map((f) => JSON.parse(readFileSync(f)));
const box = [-170, 5, -50, 73]; // North America
const neighbours = new Set(["United States of America", "Mexico", "Canada"]);

/** arcs returns a topology's arcs as points in degrees. */
function arcs(topology) {
  const { scale: [kx, ky], translate: [dx, dy] } = topology.transform;
  return topology.arcs.map((arc) => {
    let x = 0, y = 0;
    return arc.map(([ax, ay]) => [(x += ax) * kx + dx, (y += ay) * ky + dy]);
  });
}

/** uses counts, for each arc, whose outline it is part of. */
function uses(object) {
  const owners = new Map();
  const walk = (list, name) => list.forEach((a) => {
    if (Array.isArray(a)) return walk(a, name);
    const i = a < 0 ? ~a : a;
    owners.set(i, (owners.get(i) ?? new Set()).add(name));
  });
  object.geometries.forEach((g) => walk(g.arcs ?? [], g.properties.name));
  return owners;
}

/** thin leaves out points that lie within eps degrees of the line without them. */
function thin(points, eps) {
  if (points.length < 3) return points;
  const [ax, ay] = points[0], [bx, by] = points.at(-1);
  const length = Math.hypot(bx - ax, by - ay);
  let far = 0, at = 0;
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    const d = length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
    if (d > far) [far, at] = [d, i];
  }
  if (far <= eps) return [points[0], points.at(-1)];
  return [...thin(points.slice(0, at + 1), eps).slice(0, -1), ...thin(points.slice(at), eps)];
}

const inside = ([x, y]) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3];

function pack(lines, unit) {
  return lines.map((line) => {
    let px = 0, py = 0;
    return line.flatMap(([x, y]) => {
      const [ix, iy] = [Math.round(x * unit), Math.round(y * unit)];
      const d = [ix - px, iy - py];
      [px, py] = [ix, iy];
      return d;
    });
  });
}

function pick(topology, object, wanted, eps) {
  const owners = uses(topology.objects[object]);
  return arcs(topology)
    .filter((points, i) => owners.has(i) && wanted([...owners.get(i)]) && points.some(inside))
    .map((points) => thin(points.filter(inside), eps))
    .filter((points) => points.length > 1);
}

const size = (line) => Math.max(...line.map(([x, y]) => Math.hypot(x - line[0][0], y - line[0][1])));
const base = {
  coasts: pack(pick(coarse, "countries", (names) => names.length === 1, 0.02).filter((l) => size(l) > 0.15), 100),
  borders: pack(pick(fine, "countries", (names) => names.length === 2 && names.every((n) => neighbours.has(n)), 0.0008), 1000),
  states: pack(pick(states, "states", (names) => names.length === 2, 0.01), 100),
};
writeFileSync(new URL("../src/map/base.json", import.meta.url), JSON.stringify(base) + "\n");
