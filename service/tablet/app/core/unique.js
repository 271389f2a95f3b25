/** Answers that differ from row to row of a repeat (`unique`); the twin of that part of schemas/answers.py. */

import { fault } from './values.js';

/**
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./standing.js').Holder} Holder
 */

/** Where a row has what an earlier one of the same repeat has. @param {Field} field @param {readonly Holder[]} holders of its container */
export function repeated(field, holders) {
  /** @type {Map<string, number>} */
  const first = new Map();
  /** @type {Map<string, import('./values.js').Fault>} */
  const faults = new Map();
  for (const { path, own, rows } of holders) {
    const [value, within] = [own[field.name], rows.at(-1)];
    if (!within || (typeof value !== 'string' && typeof value !== 'number')) continue;
    const key = JSON.stringify([within.path.slice(0, within.path.lastIndexOf('/')), value]);
    const row = first.get(key) ?? within.number;
    first.set(key, row);
    if (row !== within.number) faults.set(`${path}/${field.name}`, fault('not_unique', { row }));
  }
  return faults;
}
