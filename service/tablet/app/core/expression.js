/**
 * Evaluates the tree of an expression; the twin of schemas/expression/. tests/vectors/expressions.json holds both to the
 * same values. A value is text, a number, a truth value, or a list of these; empty text stands for no answer.
 */

import { isDate, isDatetime } from './values.js';

/**
 * @typedef {import('./form.js').Tree} Tree
 * @typedef {string | number | boolean} Scalar
 * @typedef {Scalar | Scalar[]} Value
 * @typedef {{resolve(path: string): Value, self: Value, position: number, now: string, today: string}} Context
 */

const TEXT_LIMIT = 10_000;
const DAY = 86_400;
// Only ASCII spaces are spaces: what else counts as one differs between Python and JavaScript.
const NUMBER = /^[\t-\r ]*-?(\d+(\.\d*)?|\.\d+)[\t-\r ]*$/;
const SPACES = /[\t-\r ]+/;

/** The value of an expression. @param {Tree} tree @param {Context} context @returns {Value} */
export function evaluate(tree, context) {
  if (tree.lit !== undefined) return tree.lit;
  if (tree.ref !== undefined) return context.resolve(tree.ref);
  if (tree.self) return context.self;
  if (tree.parent) return '';
  return call(String(tree.call), tree.args ?? [], context);
}

/** Whether an expression comes out true. @param {Tree} tree @param {Context} context */
export function holds(tree, context) {
  return toTruth(evaluate(tree, context));
}

/** @param {string} name @param {Tree[]} args @param {Context} context @returns {Value} */
function call(name, args, context) {
  switch (name) {
    case 'if': return evaluate(holds(args[0], context) ? args[1] : args[2], context);
    case 'and': return holds(args[0], context) && holds(args[1], context);
    case 'or': return holds(args[0], context) || holds(args[1], context);
    case 'position': return context.position;
    case 'today': return context.today;
    case 'now': return context.now;
    default: return FUNCTIONS[name](...args.map((arg) => evaluate(arg, context)));
  }
}

/** An answer in its normal form as a value. @param {any} answer @returns {Value} */
export function fromAnswer(answer) {
  if (typeof answer === 'string' || typeof answer === 'boolean' || typeof answer === 'number') return answer;
  if (Array.isArray(answer)) return answer.map((item) => toText(fromAnswer(item))).join(' ');
  if (answer && typeof answer === 'object' && 'lat' in answer) {
    return ['lat', 'lon', 'altitude', 'accuracy'].map((part) => (typeof answer[part] === 'string' ? answer[part] : '0')).join(' ');
  }
  return '';
}

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
const items = (value) => (Array.isArray(value) ? value : [value]);
/** @param {Value[]} values */
const filled = (values) => values.flatMap(items).filter((item) => item !== '');
/** @param {string} text */
const words = (text) => text.split(SPACES).filter((word) => word !== '');

/** @param {Scalar} a @param {Scalar} b */
function same(a, b) {
  // XPath has '' = false(); but a question of yes or no that is not answered yet is neither.
  if (typeof a === 'boolean' || typeof b === 'boolean') return a !== '' && b !== '' && toTruth(a) === toTruth(b);
  if (typeof a === 'number' || typeof b === 'number') return toNumber(a) === toNumber(b);
  return a === b;
}

/** @param {(a: Scalar, b: Scalar) => boolean} holdsFor @returns {(left: Value, right: Value) => boolean} */
const anyPair = (holdsFor) => (left, right) => items(left).some((a) => items(right).some((b) => holdsFor(a, b)));
/** @param {(a: number, b: number) => boolean} compare */
const compared = (compare) => anyPair((a, b) => compare(toNumber(a), toNumber(b)));
/** @param {(a: number, b: number) => number} combine @returns {(left: Value, right: Value) => number} */
const arithmetic = (combine) => (left, right) => combine(toNumber(left), toNumber(right));

/** @param {(numbers: number[]) => number} choose @returns {(...values: Value[]) => Value} */
const extreme = (choose) => (...values) => {
  const numbers = filled(values).map(toNumber);
  return numbers.length ? choose(numbers) : '';
};

/** @param {Value} value @param {Value} [places] */
function rounded(value, places = 0) {
  const [number, digits] = [toNumber(value), toNumber(places)];
  if (Number.isNaN(digits) || Math.abs(digits) > 15 || !Number.isFinite(number)) return number;
  const factor = 10 ** Math.abs(Math.trunc(digits));
  const scaled = digits >= 0 ? number * factor : number / factor;
  if (Math.abs(scaled) >= 2 ** 53) return number;
  const whole = halvesUp(scaled);
  return digits >= 0 ? whole / factor : whole * factor;
}

/** @param {number} a @param {number} b */
function power(a, b) {
  if (Number.isInteger(b)) return multiplied(a, b);
  if (b === 0.5 && a >= 0) return Math.sqrt(a);
  return Number((a ** b).toPrecision(12));
}

/** A power by multiplying alone, whose last digit, unlike that of `**`, is everywhere the same. @param {number} base @param {number} exponent */
function multiplied(base, exponent) {
  let [found, square] = [1, base];
  for (let left = Math.abs(exponent); left > 0; left = Math.floor(left / 2)) {
    if (left % 2) found *= square;
    square *= square;
  }
  return exponent >= 0 ? found : 1 / found;
}

/** The nearest whole number; halves go up. Adding a half first would itself be rounded. @param {number} number */
export function halvesUp(number) {
  const whole = Math.floor(number);
  return number - whole >= 0.5 ? whole + 1 : whole;
}

/** @param {Value} value @param {number} length */
function place(value, length) {
  const number = toNumber(value);
  if (Number.isNaN(number)) return 0;
  const whole = Math.trunc(Math.max(-1e9, Math.min(1e9, number)));
  return whole < 0 ? Math.max(0, whole + length) : whole;
}

/** @param {Value} value @param {Value} start @param {Value} [end] */
function substr(value, start, end) {
  const characters = [...toText(value)];
  return characters.slice(place(start, characters.length), end === undefined ? undefined : place(end, characters.length)).join('');
}

/** @param {Value} value @param {Value} pattern */
function matches(value, pattern) {
  const text = toText(value);
  return [...text].length <= TEXT_LIMIT && new RegExp(`^(?:${translated(toText(pattern))})$`, 'u').test(text);
}

/** A pattern that means here what it means in Python, of the kind that `pattern_fault` lets pass. @param {string} pattern */
function translated(pattern) {
  return pattern.replace(/\\[^]|\[(?:\\[^]|[^\]\\])*\]|[.$]/gu, (token) => {
    if (token.startsWith('[')) return token.replace(/\\[^]/gu, (escape) => WITHIN[escape] ?? escape);
    return OUTSIDE[token] ?? token;
  });
}

/** @type {Record<string, string>} */
const WITHIN = { '\\s': '\\t-\\r ', '\\S': '\\0-\\x08\\x0e-\\x1f!-\\u{10ffff}' };
/** @type {Record<string, string>} */
const OUTSIDE = { '\\s': '[\\t-\\r ]', '\\S': '[^\\t-\\r ]', '\\-': '-', '.': '[^\\n]', $: '(?=\\n?$)' };

/** @param {Value} value @param {Value} index */
function selectedAt(value, index) {
  const at = toNumber(index);
  return (at >= 0 && words(toText(value))[Math.trunc(at)]) || '';
}

/** @type {Record<string, (...args: any[]) => Value>} */
const FUNCTIONS = {
  '=': anyPair(same),
  '!=': anyPair((a, b) => !same(a, b)),
  '<': compared((a, b) => a < b),
  '<=': compared((a, b) => a <= b),
  '>': compared((a, b) => a > b),
  '>=': compared((a, b) => a >= b),
  '+': arithmetic((a, b) => a + b),
  '-': arithmetic((a, b) => a - b),
  '*': arithmetic((a, b) => a * b),
  div: arithmetic((a, b) => a / b),
  mod: arithmetic((a, b) => (Number.isFinite(a) ? a % b : NaN)),
  neg: (value) => -toNumber(value),
  not: (value) => !toTruth(value),
  true: () => true,
  false: () => false,
  boolean: toTruth,
  number: toNumber,
  string: toText,
  int: (value) => Math.trunc(toNumber(value)),
  round: rounded,
  abs: (value) => Math.abs(toNumber(value)),
  pow: arithmetic(power),
  sum: (...values) => filled(values).reduce((/** @type {number} */ total, item) => total + toNumber(item), 0),
  min: extreme((numbers) => Math.min(...numbers)),
  max: extreme((numbers) => Math.max(...numbers)),
  count: (value) => (Array.isArray(value) ? value.length : Number(value !== '')),
  'count-non-empty': (value) => filled([value]).length,
  coalesce: (...values) => values.find((value) => toText(value) !== '') ?? '',
  selected: (value, choice) => words(toText(value)).includes(toText(choice)),
  'selected-at': selectedAt,
  'count-selected': (value) => words(toText(value)).length,
  'string-length': (value) => [...toText(value)].length,
  substr,
  contains: (value, part) => toText(value).includes(toText(part)),
  'starts-with': (value, part) => toText(value).startsWith(toText(part)),
  concat: (...values) => values.flatMap(items).map(toText).join(''),
  join: (by, ...values) => filled(values).map(toText).join(toText(by)),
  regex: matches,
  date: (value) => (/^\d{4}-\d{2}-\d{2}(T|$)/.test(toText(value)) ? toText(value).slice(0, 10) : ''),
};
