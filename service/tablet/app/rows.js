/** Repeats that count their rows: as many are made as are asked for, and those at the end go that nobody has filled. */
import { ulid } from './core/ulid.js';
import { isUntouched, startingRow } from './defaults.js';
import { rowsAt, withRow, withoutRow } from './values.js';

/**
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./values.js').Values} Values
 */

/**
 * The values with as many rows as they are to have; the same object where they have.
 * @param {Form} form @param {Values} values @param {ReadonlyMap<string, number>} counted by path
 * @param {import('./defaults.js').Beginning} beginning
 */
export function withCounted(form, values, counted, beginning) {
  for (const [path, wanted] of counted) {
    const repeat = /** @type {import('./core/form.js').Field} */ (form.field(path));
    for (let rows = rowsAt(values, path); rows.length < wanted; rows = rowsAt(values, path)) {
      values = withRow(values, path, { _row: ulid(), ...startingRow(form, repeat, beginning) });
    }
    for (let rows = rowsAt(values, path); rows.length > wanted && isUntouched(repeat.fields, rows[rows.length - 1]); rows = rowsAt(values, path)) {
      values = withoutRow(values, path, rows[rows.length - 1]._row);
    }
  }
  return values;
}
