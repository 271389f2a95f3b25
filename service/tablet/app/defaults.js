/** What a new record, or a new row, begins with: the task's answers, the form's defaults, the rows that it must have. */
import { answerOf } from './core/answer.js';
import { fromAnswer } from './core/coercion.js';
import { evaluate } from './core/expression.js';
import { ulid } from './core/ulid.js';
import { isEmpty } from './values.js';

/**
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./core/form.js').Field} Field
 * @typedef {import('./values.js').Values} Values
 * @typedef {object} Beginning what defaults may ask for
 * @property {Date} now
 * @property {(name: string) => string} [property] of the person and the device, such as `username`
 * @property {Values | null} [last] the answers of the last record of the form that this device sent
 */

/** @param {Form} form @param {Values} given @param {Beginning} beginning @returns {Values} */
export const startingValues = (form, given, beginning) => started(form.fields, given, { form, ...beginning });

/** @param {Form} form @param {Field} repeat @param {Beginning} beginning @returns {Values} */
export const startingRow = (form, repeat, beginning) => started(repeat.fields, {}, { form, ...beginning });

/** @typedef {Beginning & {form: Form}} Start */

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

/** Whether nobody has filled anything in a row: what is there, it began with. @param {readonly Field[]} fields @param {Values} row @returns {boolean} */
export const isUntouched = (fields, row) => fields.every((field) => {
  const value = row[field.name];
  if (isEmpty(value) || field.is_shown || field.default !== null) return true;
  if (field.type === 'group') return isUntouched(field.fields, value);
  return field.type === 'repeat' && value.every((/** @type {Values} */ each) => isUntouched(field.fields, each));
});

/** @param {Field} field @param {Start} start @returns {unknown} */
function fallback(field, { form, now, property, last = null }) {
  const given = /** @type {any} */ (field.default);
  const tree = given?.expression?.tree;
  if (!tree) return given ?? undefined;
  const value = evaluate(tree, {
    resolve: () => '', at: () => '', self: '', position: 0, now: now.toISOString(), today: dateIn(form.timezone, now),
    uuid: () => crypto.randomUUID(), random: () => Math.random(), property, last: (path) => fromAnswer(answerAt(last, path)),
  });
  return answerOf(field.type, value);
}

/** What stands at a schema path, in the first row where it leads through rows. @param {any} node @param {string} path @returns {any} */
function answerAt(node, path) {
  for (const name of path.split('/').slice(1)) node = (Array.isArray(node) ? node[0] : node)?.[name];
  return node;
}

/** `YYYY-MM-DD` in a zone. @param {string} timeZone @param {Date} now */
const dateIn = (timeZone, now) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(now);
