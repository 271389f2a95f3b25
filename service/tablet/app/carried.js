/** What stays of the answers when a form changes while it is being tried. */
import { isEmpty } from './values.js';

/**
 * @typedef {import('./core/form.js').Field} Field
 * @typedef {import('./values.js').Values} Values
 */

/**
 * Of what was filled in, what the changed form still asks for in the same way.
 * @param {Values} values @param {readonly Field[]} before @param {readonly Field[]} after @returns {Values}
 */
export function carried(values, before, after) {
  /** @type {Values} */
  const kept = {};
  for (const field of after) {
    const old = before.find((each) => each.name === field.name && each.type === field.type);
    const value = values[field.name];
    if (old && !isEmpty(value)) kept[field.name] = carry(value, old, field);
  }
  return kept;
}

/** @param {any} value @param {Field} before @param {Field} after */
function carry(value, before, after) {
  if (after.type === 'group') return carried(value, before.fields, after.fields);
  if (after.type !== 'repeat') return value;
  return value.map((/** @type {any} */ row) => ({ _row: row._row, ...carried(row, before.fields, after.fields) }));
}
