/** Functions of dates and times; the twin of schemas/expression/times.py. */

import { toNumber, toText } from './coercion.js';
import { isDate } from './values.js';

/** @typedef {import('./coercion.js').Value} Value */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const WRITTEN = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?(Z|[+-]\d{2}:[0-5]\d)?)?$/;
const FARTHEST = 2_900_000;

/** The date of a date, of a time, or of a number of days since 1970. @param {Value} value */
export function asDate(value) {
  const found = WRITTEN.exec(toText(value));
  if (found) return isDate(found[1]) ? found[1] : '';
  if (typeof value !== 'number' || !(Math.abs(value) <= FARTHEST)) return '';
  const day = new Date(Math.floor(value) * 86_400_000).toISOString().slice(0, 10);
  return isDate(day) ? day : '';
}

/** A time as it was written, or the beginning of a date or day number, in UTC. @param {Value} value */
export function asDateTime(value) {
  const text = toText(value);
  const found = WRITTEN.exec(text);
  if (found?.[2] && found[6] && isDate(found[1])) return text;
  const day = asDate(value);
  return day ? `${day}T00:00:00Z` : '';
}

/** Days since 1970, with fractions. @param {Value} value */
export const decimalDateTime = (value) => (toText(value) ? toNumber(asDateTime(value)) : NaN);

/** The part of the day that has passed. @param {Value} value */
export function decimalTime(value) {
  const text = toText(value);
  const clock = /^\d{4}-\d{2}-\d{2}T(\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|[+-]\d{2}:[0-5]\d)$/.exec(text);
  return text.includes(':') ? toNumber(clock ? clock[1] : text) : NaN;
}

/** A date or time by a pattern: `%Y %y %m %n %b %d %e %H %h %M %S %3 %a`. @param {Value} value @param {Value} pattern */
export function formatDate(value, pattern) {
  const written = WRITTEN.exec(toText(value)) ?? WRITTEN.exec(asDate(value));
  if (!written || !isDate(written[1])) return '';
  const [year, month, day] = written[1].split('-').map(Number);
  const [hour, minute, second] = [2, 3, 4].map((place) => Number(written[place] ?? 0));
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  /** @type {Record<string, string>} */
  const parts = {
    Y: written[1].slice(0, 4), y: two(year % 100), m: two(month), n: String(month), b: MONTHS[month - 1], d: two(day), e: String(day),
    H: two(hour), h: String(hour), M: two(minute), S: two(second), 3: (written[5] ?? '').padEnd(3, '0'),
    a: WEEKDAYS[new Date(`${written[1]}T00:00:00Z`).getUTCDay()], '%': '%',
  };
  return toText(pattern).replace(/%([^])/gu, (mark, letter) => parts[letter] ?? mark);
}
