/** Edits whose clock the edits themselves contradict: one has seen another that claims to be later; the twin of sync/doubt.py. */

/** @typedef {import('./edits.js').Edit} Edit */

/** The ids of edits in force that have seen a later one, and of those that they have seen. @param {Edit[]} edits @returns {Set<string>} */
export function contradicted(edits) {
  const at = new Map(edits.map((edit) => [edit.id, edit.at]));
  /** @type {Set<string>} */
  const found = new Set();
  for (const edit of edits) {
    for (const id of Object.values(edit.seen).flat()) {
      if ((at.get(id) ?? '') > edit.at) found.add(id).add(edit.id);
    }
  }
  return found;
}
