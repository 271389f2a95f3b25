/** What the merge policies `union`, `max` and `min` make of several values; the twin of sync/policy.py. */

import { compare, equal } from './edits.js';

/** @typedef {import('./heads.js').Head} Head */

const NUMERIC = new Set(['integer', 'decimal', 'calculate', 'score']);
/** @type {Record<string, RegExp>} */
const PATTERNS = { date: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, time: /^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$/ };
const WRITTEN = /^-?[0-9]+(\.[0-9]+)?$/;

/**
 * The combined value; undefined where the policy does not apply to such values.
 * @param {string} policy @param {Head[]} heads oldest first @param {string} type
 */
export function combined(policy, heads, type) {
  const values = heads.filter((head) => head.present).map((head) => head.value);
  if (policy === 'union') return values.every(Array.isArray) ? joined(values.flat()) : undefined;
  return policy === 'max' || policy === 'min' ? extreme(policy, values, type) : undefined;
}

/** Every item once, in the order in which people added them. @param {any[]} items */
const joined = (items) => items.filter((item, index) => items.findIndex((each) => equal(each, item)) === index);

/** The greatest or least value; of equal ones (1.0 and 1.00) the latest. @param {string} policy @param {any[]} values @param {string} type */
function extreme(policy, values, type) {
  if (!values.length || !values.every((value) => isComparable(value, type))) return undefined;
  const order = NUMERIC.has(type) ? numbers : compare;
  const sign = policy === 'max' ? 1 : -1;
  return values.reduce((best, value) => (sign * order(value, best) >= 0 ? value : best));
}

/** @param {any} value @param {string} type */
function isComparable(value, type) {
  if (NUMERIC.has(type)) return Number.isInteger(value) || (typeof value === 'string' && WRITTEN.test(value));
  return typeof value === 'string' && PATTERNS[type]?.test(value) === true;
}

/** Decimals of any length, without rounding. @param {any} a @param {any} b */
function numbers(a, b) {
  const [[x, left], [y, right]] = [parts(a), parts(b)];
  const places = Math.max(left, right);
  const [one, other] = [x * 10n ** BigInt(places - left), y * 10n ** BigInt(places - right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Digits and places. @param {any} value @returns {[bigint, number]} */
function parts(value) {
  const [whole, part = ''] = String(value).split('.');
  return [BigInt(whole + part), part.length];
}
