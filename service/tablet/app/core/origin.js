/** Who first gave a value: the walk back through what edits have seen, while the value stays the same; the twin of sync/origin.py. */

import { compare, equal } from './edits.js';
import { isRow } from './heads.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {import('./heads.js').Head} Head
 */

/**
 * The head as its first author gave it. @param {string} path @param {Head} head
 * @param {Edit[]} edits those in force, as the form version reads them
 * @returns {Head}
 */
export function originOf(path, head, edits) {
  const byId = new Map(edits.map((edit) => [edit.id, edit]));
  const own = byId.get(head.edit_id);
  if (!own) return head;
  const reached = new Set([own]);
  for (const edit of reached) { // grows while it is walked
    for (const id of edit.seen[path] ?? []) {
      const seen = byId.get(id);
      if (seen && gives(seen, path, head)) reached.add(seen);
    }
  }
  const first = [...reached].reduce((a, b) => ((compare(a.at, b.at) || compare(a.id, b.id)) < 0 ? a : b));
  const text = (/** @type {unknown} */ name) => (typeof name === 'string' ? name : '');
  return { ...head, edit_id: first.id, at: first.at, by: text(first.by), device: text(first.device), version: first.version };
}

/** Whether an edit gives a path the value of this head, or takes it away where the head does. @param {Edit} edit @param {string} path @param {Head} head */
function gives(edit, path, head) {
  const value = Object.hasOwn(edit.set, path) ? edit.set[path] : null;
  if (value === null) return !head.present && (Object.hasOwn(edit.set, path) || edit.unset.includes(path));
  return head.present && (isRow(path) || equal(value, head.value));
}
