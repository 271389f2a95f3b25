/** What an expression came to, as answers hold it; schemas/settle.py has the same for calculations. */

import { toNumber, toText, toTruth, words } from './coercion.js';
import { halvesUp } from './expression.js';

/** @typedef {import('./coercion.js').Value} Value */

const POINT = ['lat', 'lon', 'altitude', 'accuracy'];
const FILES = new Set(['photo', 'audio', 'video', 'file', 'signature']);

/** An answer to a question of a type; undefined where it came to nothing. @param {string} type @param {Value} value @returns {any} */
export function answerOf(type, value) {
  const text = toText(value);
  if (text === '' || FILES.has(type)) return undefined;
  if (type === 'select_many' || type === 'rank') return [...new Set(words(text))];
  if (type === 'geopoint') return point(text);
  if (type === 'geotrace' || type === 'geoshape') return text.split(';').filter((part) => part.trim()).map(point);
  return normal(value, type);
}

/** As positions are written in expressions. @param {string} text */
const point = (text) => Object.fromEntries(words(text).slice(0, POINT.length).map((each, place) => [POINT[place], each]));

/** What a calculation came to, in the normal form of its type. @param {Value} value @param {string} kind */
export function normal(value, kind) {
  if (kind === 'boolean') return toTruth(value);
  if (kind !== 'integer' && kind !== 'decimal') return toText(value) || undefined;
  if (value === '') return undefined;
  const number = toNumber(value);
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) return undefined;
  return kind === 'integer' ? halvesUp(number) + 0 : plainDecimal(toText(number));
}

/** A decimal without exponent, as short as it can be without losing anything. @param {string} text */
function plainDecimal(text) {
  const [digits, zeros] = text.split('e-');
  if (!zeros) return text;
  const sign = digits.startsWith('-') ? '-' : '';
  return `${sign}0.${'0'.repeat(Number(zeros) - 1)}${digits.replace(/[-.]/g, '')}`;
}
