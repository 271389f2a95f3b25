/** Roots, logarithms, angles, and counts of what holds; the twin of schemas/expression/measures.py. */

import { items, toNumber, toText, toTruth } from './coercion.js';

/** @typedef {import('./coercion.js').Value} Value */

/** A number to as many digits as every machine agrees on. @param {number} number */
const twelve = (number) => (Number.isFinite(number) ? Number(number.toPrecision(12)) : number);
/** @param {(...numbers: number[]) => number} run @returns {(...values: Value[]) => number} */
const measure = (run) => (...values) => twelve(run(...values.map(toNumber)));

/** @param {number} total @param {Value} least @param {Value} most */
function within(total, least, most) {
  const [low, high] = [toNumber(least), toNumber(most)];
  return (low === -1 || total >= low) && (high === -1 || total <= high);
}

/** @param {Value} least @param {Value} most @param {Value[]} values */
function weighted(least, most, ...values) {
  let total = 0;
  for (let i = 0; i + 1 < values.length; i += 2) if (toTruth(values[i])) total += toNumber(values[i + 1]);
  return within(total, least, most);
}

/** @type {Record<string, (...args: any[]) => Value>} */
export const MEASURES = {
  sqrt: (value) => Math.sqrt(toNumber(value)),
  exp: measure((number) => Math.E ** number),
  exp10: measure((number) => 10 ** number),
  log: measure(Math.log),
  log10: measure(Math.log10),
  pi: () => Math.PI,
  sin: measure(Math.sin),
  cos: measure(Math.cos),
  tan: measure(Math.tan),
  asin: measure(Math.asin),
  acos: measure(Math.acos),
  atan: measure(Math.atan),
  atan2: measure(Math.atan2),
  'boolean-from-string': (value) => ['true', '1'].includes(toText(value)),
  checklist: (least, most, ...values) => within(values.flatMap(items).filter(toTruth).length, least, most),
  'weighted-checklist': weighted,
};
