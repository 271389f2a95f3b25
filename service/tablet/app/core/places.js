/** Functions of positions; the twin of schemas/expression/places.py. */

import { items, toText } from './coercion.js';

/**
 * @typedef {import('./coercion.js').Value} Value
 * @typedef {[number, number]} Point
 */

const RADIUS = 6_378_100;
const LIMIT = 10_000;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

/** Metres along a line of points. @param {...Value} values */
export function distance(...values) {
  const found = points(values);
  if (!found || found.length < 2) return found?.length ? 0 : NaN;
  return rounded(found.slice(1).reduce((sum, point, index) => sum + between(found[index], point), 0), 100);
}

/** Square metres within a ring of points. @param {...Value} values */
export function area(...values) {
  const found = points(values);
  if (!found || found.length < 3) return found?.length ? 0 : NaN;
  const total = found.reduce((sum, point, index) => sum + triangle(point, found[(index + 1) % found.length]), 0);
  return rounded(Math.abs(total) * RADIUS * RADIUS, 10_000);
}

/** Whether a point lies within a shape. @param {Value} point @param {Value} shape */
export function geofence(point, shape) {
  const [here, ring] = [points([point]), points([shape])];
  if (!here?.length || !ring || ring.length < 3) return false;
  const [lat, lon] = here[0];
  let inside = false;
  ring.forEach(([lat1, lon1], index) => {
    const [lat2, lon2] = ring[(index + 1) % ring.length];
    if ((lat1 > lat) !== (lat2 > lat) && lon < ((lon2 - lon1) * (lat - lat1)) / (lat2 - lat1) + lon1) inside = !inside;
  });
  return inside;
}

/** Every point of lines, lists and single points; null where something is none. @param {Value[]} values @returns {Point[] | null} */
function points(values) {
  const texts = values.flatMap(items).flatMap((item) => toText(item).split(';')).slice(0, LIMIT);
  /** @type {Point[]} */
  const found = [];
  for (const text of texts) {
    const words = text.split(/[\t-\r ]+/).filter(Boolean);
    if (!words.length) continue;
    if (words.length < 2 || !NUMBER.test(words[0]) || !NUMBER.test(words[1])) return null;
    const [lat, lon] = [Number(words[0]), Number(words[1])];
    if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null;
    found.push([lat, lon]);
  }
  return found;
}

/** @param {number} degrees */
const radians = (degrees) => degrees * (Math.PI / 180);

/** Metres on the great circle (haversine). @param {Point} one @param {Point} other */
function between(one, other) {
  const [lat1, lat2] = [radians(one[0]), radians(other[0])];
  const [halfLat, halfLon] = [(lat2 - lat1) / 2, radians(other[1] - one[1]) / 2];
  const chord = Math.sin(halfLat) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin(halfLon) ** 2;
  return 2 * RADIUS * Math.asin(Math.sqrt(Math.min(1, chord)));
}

/** The signed area of the triangle with the North Pole, on a sphere of radius 1. @param {Point} one @param {Point} other */
function triangle(one, other) {
  const tan1 = Math.tan((Math.PI / 2 - radians(one[0])) / 2);
  const tan2 = Math.tan((Math.PI / 2 - radians(other[0])) / 2);
  const turn = radians(one[1]) - radians(other[1]);
  const both = tan1 * tan2;
  return 2 * Math.atan2(both * Math.sin(turn), 1 + both * Math.cos(turn));
}

/** @param {number} number @param {number} perUnit */
function rounded(number, perUnit) {
  const scaled = number * perUnit;
  return Math.abs(scaled) < 2 ** 46 ? Math.floor(scaled + 0.5) / perUnit : Number(number.toPrecision(12));
}
