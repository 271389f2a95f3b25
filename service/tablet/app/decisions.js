/**
 * What the office has decided about values of one's own, and what it asks: read from a record's edits alone, so that it is
 * known without a network, and is gone again when the office takes a decision back.
 */
import { equal, inForce } from './core/edits.js';
import { headsOf } from './core/heads.js';
import { originOf } from './core/origin.js';
import { STATE } from './core/state.js';

/**
 * @typedef {import('./core/edits.js').Edit} Edit
 * @typedef {import('./core/heads.js').Head} Head
 * @typedef {{path: string, own: Head, chosen: Head, author: Head, by: string, device: string, at: string, note: string | null}} Overruled
 *   `own` is one's value that was not taken, `chosen` the one that stands, `author` who gave that first; `by` decided
 */

/**
 * The values of a person that a decision of somebody else did not take. @param {any[]} edits of the record
 * @param {string} person @returns {Overruled[]}
 */
export function overruled(edits, person) {
  const counted = inForce(edits);
  const byId = new Map(counted.map((edit) => [edit.id, edit]));
  return [...headsOf(counted)].flatMap(([path, heads]) => {
    const decision = byId.get(heads[0].edit_id);
    if (path === STATE || heads.length > 1 || !decision || decision.by === person) return [];
    const seen = (decision.seen[path] ?? []).flatMap((id) => byId.get(id) ?? []).flatMap((edit) => headOf(path, edit));
    if (!seen.some((head) => !alike(head, seen[0]))) return [];
    const own = seen.find((head) => !alike(head, heads[0]) && originOf(path, head, counted).by === person);
    if (!own) return [];
    const author = originOf(path, heads[0], counted);
    return [{ path, own, chosen: heads[0], author, by: text(decision.by), device: text(decision.device), at: decision.at, note: decision.note ?? null }];
  });
}

/** What the office asks, where it has sent the record back with a question. @param {any[]} edits @returns {{by: string, device: string, at: string, text: string} | null} */
export function question(edits) {
  const counted = inForce(edits);
  const heads = headsOf(counted.filter((edit) => Object.hasOwn(edit.set, STATE) || edit.unset.includes(STATE))).get(STATE) ?? [];
  const asking = counted.find((edit) => heads.some((head) => head.edit_id === edit.id && head.value === 'returned') && edit.note);
  return asking ? { by: text(asking.by), device: text(asking.device), at: asking.at, text: asking.note ?? '' } : null;
}

/** @param {string} path @param {Edit} edit @returns {Head[]} */
const headOf = (path, edit) => headsOf([edit]).get(path) ?? [];

/** @param {Head} one @param {Head} other */
const alike = (one, other) => one.present === other.present && equal(one.value, other.value);

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');
