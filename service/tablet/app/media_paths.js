/** Where a form's answers hold pictures and files. */
import { isEmpty } from './values.js';

/** @typedef {import('./core/form.js').Field} Field */

export const FILES = ['photo', 'audio', 'video', 'file', 'signature'];

/** Digests of all files that `values` hold. @param {readonly Field[]} fields @param {any} values @returns {string[]} */
export function filesIn(fields, values) {
  return fields.flatMap((field) => {
    const value = values?.[field.name];
    if (isEmpty(value)) return [];
    if (field.type === 'group') return filesIn(field.fields, value);
    if (field.type === 'repeat') return value.flatMap((/** @type {any} */ row) => filesIn(field.fields, row));
    return FILES.includes(field.type) ? [value].flat() : [];
  });
}
