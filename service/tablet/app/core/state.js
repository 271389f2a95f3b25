/** The rule of a record's state: what several states at once amount to; the twin of sync/state.py. */

import { byCodePoint, byRank } from './heads.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {import('./heads.js').Head} Head
 */

export const STATE = '/_state';
export const JOINED = '/_joined';
export const WITHDRAWN = 'withdrawn';
const STATES = ['draft', 'submitted', 'returned', 'approved', WITHDRAWN];
/** Where several meet, the first of these is in force. */
const PROGRESS = ['returned', 'submitted', 'approved'];

/** The state that a head stands for; what is none counts as a draft. @param {Head} head @returns {string} */
export const valueOf = (head) => (head.present && STATES.includes(head.value) ? head.value : 'draft');

/** @param {Head[]} heads */
const progress = (heads) => PROGRESS.find((state) => heads.some((head) => valueOf(head) === state)) ?? 'draft';

/**
 * The state in force, and the heads of a collision; none where nothing has to be decided.
 * @param {Map<string, Head[]>} heads @param {Map<string, Edit>} edits those in force, by id
 * @returns {{state: string, collision: Head[]}}
 */
export function stateOf(heads, edits) {
  const standing = heads.get(STATE) ?? [];
  const withdrawn = standing.filter((head) => valueOf(head) === WITHDRAWN);
  if (!withdrawn.length) {
    const differing = ['returned', 'approved'].every((state) => standing.some((head) => valueOf(head) === state));
    return { state: progress(standing), collision: differing ? standing : [] };
  }
  const wanting = [...standing.filter((head) => !withdrawn.includes(head)), ...unseen(heads, withdrawn, edits)];
  if (!wanting.length) return { state: WITHDRAWN, collision: [] };
  return { state: progress(wanting), collision: [...withdrawn, ...wanting].sort(byRank) };
}

/** What a withdrawal lists as seen: every edit that has a value in force. @param {Map<string, Head[]>} heads @returns {string[]} */
export function everythingSeen(heads) {
  const all = [...new Set([...heads.values()].flat().map((head) => head.edit_id))].sort(byCodePoint);
  return [...new Set([...(heads.get(STATE) ?? []).map((head) => head.edit_id), ...all])];
}

/**
 * The heads of other paths that no withdrawal knew of, and whose edits knew of none: once for each edit.
 * @param {Map<string, Head[]>} heads @param {Head[]} withdrawn @param {Map<string, Edit>} edits @returns {Head[]}
 */
function unseen(heads, withdrawn, edits) {
  const away = withdrawn.map((head) => head.edit_id);
  const seen = seenOf(edits);
  const known = new Set([...reached(away, seen), ...reached(away, seersOf(seen))]);
  // A device knows what it wrote itself.
  const devices = new Set(away.map((id) => edits.get(id)?.device).filter((device) => typeof device === 'string'));
  /** @type {Map<string, Head>} */
  const others = new Map();
  for (const [path, found] of heads) if (path !== STATE) for (const head of found) others.set(head.edit_id, head);
  for (const head of heads.get(STATE) ?? []) others.delete(head.edit_id);
  return [...others].sort(([a], [b]) => byCodePoint(a, b))
    .filter(([id]) => !known.has(id) && !devices.has(/** @type {any} */ (edits.get(id)?.device)))
    .map(([, head]) => ({ ...head, value: 'submitted', present: true }));
}

/** What each edit has seen, at whatever path. @param {Map<string, Edit>} edits */
const seenOf = (edits) => new Map([...edits].map(([id, edit]) => [id, Object.values(edit.seen).flat().filter((seen) => edits.has(seen))]));

/** Which edits have seen each. @param {Map<string, string[]>} seen */
function seersOf(seen) {
  const found = new Map([...seen.keys()].map((id) => [id, /** @type {string[]} */ ([])]));
  for (const [id, ids] of seen) for (const each of ids) found.get(each)?.push(id);
  return found;
}

/** All that these edits lead to, directly or through others; they themselves too. @param {string[]} from @param {Map<string, string[]>} links */
function reached(from, links) {
  const all = new Set(from);
  for (const id of all) for (const next of links.get(id) ?? []) all.add(next); // grows while it is walked
  return all;
}
