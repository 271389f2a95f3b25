/**
 * Where the files of a record are: at the office or a hub by what its receipt says, on their way, or on this tablet alone.
 */
import { filesIn } from './media_paths.js';

/**
 * @typedef {import('./records.js').Entry} Entry
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {object} Files
 * @property {number} all that the answers name
 * @property {number} arrived by the word of whoever judged: their very bytes are there
 * @property {number} here still on this tablet alone
 */

/**
 * A file counts as arrived by the receipt alone, whatever this tablet may have handed over.
 * @param {Entry} entry @param {Doc | null} receipt @param {(id: string) => boolean} waits whether a document is still here alone
 * @returns {Files}
 */
export function filesOf({ form, doc }, receipt, waits) {
  const named = [...new Set(form ? filesIn(form.fields, doc.answers) : [])];
  const there = new Set(receipt?.media?.arrived ?? []);
  const rest = named.filter((digest) => !there.has(digest));
  return { all: named.length, arrived: named.length - rest.length, here: rest.filter((digest) => waits(`media:${digest}`)).length };
}
