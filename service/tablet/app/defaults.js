/** What a new record, or a new row, begins with: the task's answers, the form's defaults, the rows that it must have. */
import { evaluate } from './core/expression.js';
import { ulid } from './core/ulid.js';
import { isEmpty } from './values.js';

/**
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./core/form.js').Field} Field
 * @typedef {import('./values.js').Values} Values
 */

/** @param {Form} form @param {Values} given @param {Date} now @returns {Values} */
export const startingValues = (form, given, now) => started(form.fields, given, { form, now });

/** @param {Form} form @param {Field} repeat @param {Date} now @returns {Values} */
export const startingRow = (form, repeat, now) => started(repeat.fields, {}, { form, now });

/** @typedef {{form: Form, now: Date}} Start */

/** @param {readonly Field[]} fields @param {Values} given @param {Start} start @returns {Values} */
function started(fields, given, start) {
  /** @type {Values} */
  const values = { ...given };
  for (const field of fields) {
    const value = begin(field, given[field.name], start);
    if (!isEmpty(value)) values[field.name] = value;
  }
  return values;
}

/** @param {Field} field @param {any} given @param {Start} start @returns {unknown} */
function begin(field, given, start) {
  if (field.type === 'group') return filled(started(field.fields, given ?? {}, start));
  if (field.type === 'repeat') return rows(field, given ?? [], start);
  return isEmpty(given) ? fallback(field, start) : given;
}

/** @param {Values} values */
const filled = (values) => (Object.keys(values).length ? values : undefined);

/** @param {Field} field @param {any[]} given @param {Start} start */
function rows(field, given, start) {
  const lacking = Math.max(0, field.min_rows - given.length);
  const fresh = Array.from({ length: lacking }, () => ({ _row: ulid(), ...started(field.fields, {}, start) }));
  return [...given, ...fresh].sort((a, b) => (a._row < b._row ? -1 : 1));
}

/** @param {Field} field @param {Start} start @returns {unknown} */
function fallback(field, { form, now }) {
  const given = /** @type {any} */ (field.default);
  const tree = given?.expression?.tree;
  if (!tree) return given ?? undefined;
  const value = evaluate(tree, {
    resolve: () => '', at: () => '', self: '', position: 0, now: now.toISOString(), today: dateIn(form.timezone, now),
    uuid: () => crypto.randomUUID(), random: () => Math.random(),
  });
  return normal(field.type, value);
}

/** What an expression gave, as the field holds it. @param {string} type @param {unknown} value */
function normal(type, value) {
  if (type === 'integer') return Number.isSafeInteger(value) ? value : undefined;
  if (type === 'boolean') return value === true || value === 1;
  return isEmpty(value) ? undefined : String(value);
}

/** `YYYY-MM-DD` in a zone. @param {string} timeZone @param {Date} now */
const dateIn = (timeZone, now) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(now);
