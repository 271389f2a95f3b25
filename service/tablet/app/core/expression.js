/**
 * Evaluates the tree of an expression; the twin of schemas/expression/. tests/vectors/expressions.json holds both to the
 * same values. A value is text, a number, a truth value, or a list of these; empty text stands for no answer.
 */

import { filled, fromAnswer, items, same, toNumber, toText, toTruth, words } from './coercion.js';
import { MEASURES } from './measures.js';
import { pattern } from './pattern.js';
import { area, distance, geofence } from './places.js';
import { asDate, asDateTime, decimalDateTime, decimalTime, formatDate } from './times.js';

/**
 * @typedef {import('./form.js').Tree} Tree
 * @typedef {import('./coercion.js').Scalar} Scalar
 * @typedef {import('./coercion.js').Value} Value
 * @typedef {{resolve(path: string): Value, at(path: string, rows: Map<string, number>): Value, self: Value, position: number,
 *   now: string, today: string, item?: Record<string, any>, register?: (list: string) => import('./register.js').Register | undefined,
 *   uuid?: () => string, random?: () => number, property?: (name: string) => string, last?: (path: string) => Value}} Context
 *   what an expression may read; only a default, which runs once and on the tablet, has `uuid` and those after it
 */

/** The value of an expression. @param {Tree} tree @param {Context} context @returns {Value} */
export function evaluate(tree, context) {
  if (tree.lit !== undefined) return tree.lit;
  if (tree.ref !== undefined) return context.resolve(tree.ref);
  if (tree.self) return context.self;
  if (tree.item !== undefined) return propertyOf(context.item ?? {}, tree.item);
  if (tree.lookup !== undefined) return lookedUp(tree, context);
  if (tree.last !== undefined) return context.last?.(tree.last) ?? '';
  if (tree.parent) return '';
  return call(String(tree.call), tree.args ?? [], context);
}

/** A property of a choice or entity, and not of JavaScript's objects. @param {Record<string, any>} row @param {string} name */
export const propertyOf = (row, name) => (Object.hasOwn(row, name) ? fromAnswer(row[name]) : '');

/** A property of the first row of a list that meets the condition; empty where none does. @param {Tree} tree @param {Context} context */
function lookedUp({ lookup, take, args = [] }, context) {
  const row = context.register?.(String(lookup))?.first(args[0], context);
  return row ? propertyOf(row, String(take)) : '';
}

/** The numbers of rows by the paths of their repeats. @param {Tree[]} pairs @param {Context} context */
function indices(pairs, context) {
  /** @type {Map<string, number>} */
  const rows = new Map();
  for (let i = 0; i + 1 < pairs.length; i += 2) rows.set(String(pairs[i].ref), toNumber(evaluate(pairs[i + 1], context)));
  return rows;
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
    case 'once': return toText(context.self) === '' ? evaluate(args[0], context) : context.self;
    case 'indexed-repeat': return context.at(String(args[0].ref), indices(args.slice(1), context));
    case 'uuid': return context.uuid?.() ?? '';
    case 'property': return context.property?.(String(args[0].lit)) ?? '';
    case 'random': return context.random?.() ?? NaN;
    default: return FUNCTIONS[name](...args.map((arg) => evaluate(arg, context)));
  }
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
  min: extreme((numbers) => numbers.reduce((least, each) => Math.min(least, each))),
  max: extreme((numbers) => numbers.reduce((most, each) => Math.max(most, each))),
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
  regex: (value, text) => pattern(toText(text)).matches(toText(value)),
  'ends-with': (value, part) => toText(value).endsWith(toText(part)),
  'substring-before': (value, part) => toText(value).slice(0, Math.max(0, toText(value).indexOf(toText(part)))),
  'substring-after': (value, part) => after(toText(value), toText(part)),
  'normalize-space': (value) => words(toText(value)).join(' '),
  translate: (value, from, to) => mapped([...toText(value)], [...toText(from)], [...toText(to)]),
  'count-if': (value, wanted) => items(value).filter((item) => item !== '' && (same(item, items(wanted)[0] ?? '') || words(toText(item)).includes(toText(wanted)))).length,
  date: asDate,
  'date-time': asDateTime,
  'format-date': formatDate,
  'format-date-time': formatDate,
  'decimal-date-time': decimalDateTime,
  'decimal-time': decimalTime,
  distance,
  area,
  geofence,
  ...MEASURES,
};

/** @param {string} text @param {string} part */
function after(text, part) {
  const at = text.indexOf(part);
  return at < 0 ? '' : text.slice(at + part.length);
}

/** XPath's translate(): each character by the one at the same place; without one, it goes. @param {string[]} text @param {string[]} from @param {string[]} to */
function mapped(text, from, to) {
  const places = new Map(from.map((character, place) => /** @type {[string, number]} */ ([character, place])).reverse());
  return text.map((character) => {
    const at = places.get(character);
    return at === undefined ? character : to[at] ?? '';
  }).join('');
}
