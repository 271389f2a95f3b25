/** Answers that differ from row to row of a repeat (`unique`); the twin of that part of schemas/answers.py. */

import { fault } from './values.js';

/**
 * @typedef {import('./form.js').Field} Field
 * @typedef {{places(field: Field): {path: string, value: any, rows: {row: Record<string, any>, number: number}[]}[],
 *   faults: Map<string, import('./values.js').Fault>}} Standing
 */

/** Says where a row has what an earlier one of the same repeat has. @param {Field} field @param {Standing} settled */
export function noteRepeated(field, settled) {
  /** @type {Map<string, number>} */
  const first = new Map();
  for (const { path, value, rows } of settled.places(field)) {
    const within = rows.at(-1);
    if (!within || (typeof value !== 'string' && typeof value !== 'number')) continue;
    const key = JSON.stringify([path.slice(0, path.lastIndexOf(`/${within.row._row}/`)), value]);
    const row = first.get(key) ?? within.number;
    first.set(key, row);
    if (row !== within.number && !settled.faults.has(path)) settled.faults.set(path, fault('not_unique', { row }));
  }
}
