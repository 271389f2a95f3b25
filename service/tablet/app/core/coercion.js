/** The values of expressions, and how one kind turns into another; the twin of schemas/expression/values.py. */

import { isDate, isDatetime } from './values.js';

/**
 * @typedef {string | number | boolean} Scalar
 * @typedef {Scalar | Scalar[]} Value text, a number, a truth value, or a list of these; empty text stands for no answer
 */

const DAY = 86_400;
// Only ASCII spaces are spaces: what else counts as one differs between Python and JavaScript.
const NUMBER = /^[\t-\r ]*-?(\d+(\.\d*)?|\.\d+)[\t-\r ]*$/;
const SPACES = /[\t-\r ]+/;

/** An answer in its normal form as a value. @param {any} answer @returns {Value} */
export function fromAnswer(answer) {
  if (typeof answer === 'string' || typeof answer === 'boolean' || typeof answer === 'number') return answer;
  if (Array.isArray(answer)) return answer.map((item) => toText(fromAnswer(item))).join(isPoint(answer[0]) ? '; ' : ' ');
  if (isPoint(answer)) {
    return ['lat', 'lon', 'altitude', 'accuracy'].map((part) => (typeof answer[part] === 'string' ? answer[part] : '0')).join(' ');
  }
  return '';
}

/** @param {any} answer */
const isPoint = (answer) => answer !== null && typeof answer === 'object' && 'lat' in answer;

/** A number; NaN for what is none. Dates count in days since 1970, times as parts of a day. @param {Value} value @returns {number} */
export function toNumber(value) {
  if (Array.isArray(value)) return value.length ? toNumber(value[0]) : NaN;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return value;
  if (NUMBER.test(value)) return Number(value);
  return temporal(value);
}

/** @param {string} text */
function temporal(text) {
  if (isDate(text)) return Date.parse(`${text}T00:00:00Z`) / (DAY * 1000);
  const clock = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?$/.exec(text);
  if (clock) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)) / DAY;
  // Past the millisecond a time is cut.
  return isDatetime(text) ? Date.parse(text.replace(/(\.\d{3})\d+/, '$1')) / (DAY * 1000) : NaN;
}

/** @param {Value} value @returns {string} */
export function toText(value) {
  if (Array.isArray(value)) return value.length ? toText(value[0]) : '';
  return Object.is(value, -0) ? '0' : String(value);
}

/** @param {Value} value @returns {boolean} */
export function toTruth(value) {
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'number' ? value !== 0 && !Number.isNaN(value) : Boolean(value);
}

/** @param {Value} value @returns {Scalar[]} */
export const items = (value) => (Array.isArray(value) ? value : [value]);
/** @param {Value[]} values */
export const filled = (values) => values.flatMap(items).filter((item) => item !== '');
/** @param {string} text */
export const words = (text) => text.split(SPACES).filter((word) => word !== '');

/** @param {Scalar} a @param {Scalar} b */
export function same(a, b) {
  // XPath has '' = false(); but a question of yes or no that is not answered yet is neither.
  if (typeof a === 'boolean' || typeof b === 'boolean') return a !== '' && b !== '' && toTruth(a) === toTruth(b);
  if (typeof a === 'number' || typeof b === 'number') return toNumber(a) === toNumber(b);
  return a === b;
}
