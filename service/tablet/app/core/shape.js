/**
 * Brings whatever stands in a record into its form's shape: unknown values out, computed ones away, rows in order; the
 * twin of schemas/shape.py.
 */

import { fault } from './values.js';

/**
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./values.js').Fault} Fault
 * @typedef {Record<string, any>} Answers
 * @typedef {Map<string, Fault>} Faults by record path
 */

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const MAX_ROWS = 5_000;

/** @param {any} values @param {Map<string, Field>} questions @param {string} prefix @param {Faults} faults @returns {Answers} */
export function shape(values, questions, prefix, faults) {
  noteUnknown(values, questions, prefix, faults);
  /** @type {Answers} */
  const shaped = {};
  for (const [name, field] of questions) put(shaped, name, member(given(values, name), field, `${prefix}/${name}`, faults));
  return shaped;
}

/** What stands under a name; nothing where the values are none. @param {any} values @param {string} name */
export const given = (values, name) => (isObject(values) && Object.hasOwn(values, name) ? values[name] : undefined);

/** @param {any} values @param {Map<string, Field>} questions @param {string} prefix @param {Faults} faults */
export function noteUnknown(values, questions, prefix, faults) {
  for (const name of isObject(values) ? Object.keys(values) : []) {
    const type = questions.get(name)?.type ?? 'note';
    if (name !== '_row' && type === 'note' && !isEmpty(values[name])) faults.set(`${prefix}/${name}`, fault('unknown_field'));
  }
}

/** One field's value in its shape; undefined where nothing is left of it. @param {any} value @param {Field} field @param {string} path @param {Faults} faults */
export function member(value, field, path, faults) {
  if (field.type === 'group') return group(value, field, path, faults);
  if (field.type === 'note' || isEmpty(value)) return undefined;
  if (field.type === 'repeat') return rows(value, field, path, faults);
  return field.calculate && !field.is_stored ? undefined : value;
}

/** A group is there even if nothing was filled in: calculations in it need a place. @param {any} value @param {Field} field @param {string} path @param {Faults} faults */
function group(value, field, path, faults) {
  if (!isEmpty(value) && !isObject(value)) faults.set(path, fault('not_group'));
  return shape(value, field.byName, path, faults);
}

/** @param {any} value @param {Field} field @param {string} path @param {Faults} faults */
function rows(value, field, path, faults) {
  /** @type {Map<string, Answers>} */
  const found = new Map();
  for (const row of Array.isArray(value) ? value : [null]) {
    const key = isObject(row) ? row._row : null;
    if (typeof key !== 'string' || !ULID.test(key) || found.has(key) || found.size >= MAX_ROWS) faults.set(path, fault('not_rows'));
    else found.set(key, { _row: key, ...shape(row, field.byName, `${path}/${key}`, faults) });
  }
  return [...found.keys()].sort().map((key) => /** @type {Answers} */ (found.get(key)));
}

/** A value in its shape, with groups and rows of its own. @param {any} value @param {Field} field @returns {any} */
export function copied(value, field) {
  if (value === undefined || !field.fields.length) return value;
  if (field.type === 'group') return copiedWithin(value, field.fields);
  return value.map((/** @type {Answers} */ row) => copiedWithin(row, field.fields));
}

/** @param {Answers} values @param {readonly Field[]} fields */
export function copiedWithin(values, fields) {
  const copy = { ...values };
  for (const field of fields) if (field.fields.length) put(copy, field.name, copied(values[field.name], field));
  return copy;
}

/** Answers without groups and repeats that have nothing in them. @param {Answers} answers @param {readonly Field[]} fields @returns {Answers} */
export function filled(answers, fields) {
  const copy = { ...answers };
  for (const field of fields) {
    const value = copy[field.name];
    if (value === undefined || !field.fields.length) continue;
    const below = field.type === 'repeat' ? value.map((/** @type {Answers} */ row) => filled(row, field.fields)) : filled(value, field.fields);
    put(copy, field.name, isEmpty(below) ? undefined : below);
  }
  return copy;
}

/** @param {Answers} answers @param {string} name @param {any} value undefined: nothing */
export function put(answers, name, value) {
  if (value === undefined) delete answers[name];
  else answers[name] = value;
}

/** @param {any} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {any} value */
function isEmpty(value) {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
