/**
 * What a record's edits amount to: values, state, collisions; the twin of sync/merge.py.
 * tests/vectors/merge.json holds both to the same outcomes.
 */

import { equal, inForce } from './edits.js';
import { byCodePoint, byRank, hasSeenInRow, headsOf, isRow, rowsAbove } from './heads.js';
import { readBy } from './mapping.js';
import { contradicted } from './doubt.js';
import { combined } from './policy.js';
import { JOINED, STATE, stateOf, valueOf } from './state.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {import('./heads.js').Head} Head
 * @typedef {{path: string, heads: Head[], in_force: Head, policy: string}} Collision
 * @typedef {{values: Record<string, any>, state: string, version: number, heads: Map<string, Head[]>,
 *   collisions: Collision[], at: string}} Folded
 * @typedef {{field(path: string): {type: string, merge: string} | null | undefined, mapping?: import('./mapping.js').Step[]}} Policies
 * @typedef {{name: string, type: string}} Policy
 * @typedef {(path: string, heads: Head[]) => Policy} PolicyOf
 * @typedef {{gone: boolean, collision?: Collision}} Row
 */

/** Paths that no form has: they are about the record itself. */
const OWN = [STATE, JOINED];

/**
 * Heads, values and collisions of a record. Total: it answers for whatever stands in the log.
 * @param {any[]} edits
 * @param {Policies | null} form gives the merge policy of each field (without it, every field asks), and how it reads older edits
 * @param {{excluded?: Set<string>, distrusted?: Set<string>}} [options] ids of edits that do not count, and of those
 *   whose clock is not believed
 * @returns {Folded}
 */
export function fold(edits, form, { excluded = new Set(), distrusted = new Set() } = {}) {
  const counted = readBy(inForce(edits, excluded), form);
  const heads = headsOf(counted);
  const byId = new Map(counted.map((edit) => [edit.id, edit]));
  const policy = policies(form, distrusted, counted);
  const rows = removedRows(heads, byId, policy);
  const { state, collision: differing } = stateOf(heads, byId);
  /** @type {Map<string, any>} */
  const values = new Map();
  const collisions = [...rows.values()].flatMap(({ collision }) => (collision ? [collision] : []));
  if (differing.length) collisions.push(ofState(state, differing));
  for (const [path, found] of heads) {
    if (OWN.includes(path) || isGone(path, rows)) continue;
    const settled = rows.has(path) ? { value: {} } : settle(path, found, policy);
    if (settled.collision) collisions.push(settled.collision);
    if (settled.value !== null) values.set(path, settled.value);
  }
  return {
    values: nested(values),
    state,
    version: counted.reduce((greatest, edit) => Math.max(greatest, edit.version), 0),
    heads,
    collisions: collisions.sort((a, b) => byCodePoint(a.path, b.path)),
    at: counted.reduce((latest, edit) => (edit.at > latest ? edit.at : latest), ''),
  };
}

/** The collision of states; the greatest head that the state in force is made of stands for it. @param {string} state @param {Head[]} heads @returns {Collision} */
function ofState(state, heads) {
  return { path: STATE, heads, in_force: /** @type {Head} */ (heads.findLast((head) => valueOf(head) === state)), policy: 'ask' };
}

/** @param {Policies | null} form @param {Set<string>} distrusted @param {Edit[]} edits @returns {PolicyOf} */
function policies(form, distrusted, edits) {
  /** @type {Set<string> | null} */
  let contradictory = null;
  const doubted = (/** @type {Head} */ head) => distrusted.has(head.edit_id) || (contradictory ??= contradicted(edits)).has(head.edit_id);
  return (path, heads) => {
    const field = form ? form.field(path) : null;
    const asks = !field || (field.merge === 'latest' && heads.some(doubted));
    return { name: asks ? 'ask' : field.merge, type: field?.type ?? '' };
  };
}

/** One path's value by its policy, null where it has none; and the collision that remains. @param {string} path @param {Head[]} heads @param {PolicyOf} policyOf @returns {{value: any, collision?: Collision}} */
function settle(path, heads, policyOf) {
  const greatest = heads[heads.length - 1];
  if (heads.every((head) => head.present === greatest.present && equal(head.value, greatest.value))) return { value: greatest.value };
  const { name, type } = policyOf(path, heads);
  if (name === 'latest') return { value: greatest.value };
  const value = isRow(path) ? undefined : combined(name, heads, type);
  if (value !== undefined) return { value };
  return { value: greatest.value, collision: { path, heads, in_force: greatest, policy: 'ask' } };
}

/** The rows that somebody removed, and what becomes of each. @param {Map<string, Head[]>} heads @param {Map<string, Edit>} edits @param {PolicyOf} policyOf */
function removedRows(heads, edits, policyOf) {
  /** @type {Map<string, string[]>} */
  const below = new Map();
  for (const [path, found] of heads) if (isRow(path) && !found.every((head) => head.present)) below.set(path, []);
  for (const path of below.size ? heads.keys() : []) for (const row of rowsAbove(path)) below.get(row)?.push(path);
  return new Map([...below].map(([row, paths]) => [row, removedRow(row, heads, paths, edits, policyOf)]));
}

/** @param {string} row @param {Map<string, Head[]>} heads @param {string[]} below @param {Map<string, Edit>} edits @param {PolicyOf} policyOf @returns {Row} */
function removedRow(row, heads, below, edits, policyOf) {
  const removals = headsAt(heads, row).filter((head) => !head.present);
  const wanting = wantingHeads(row, heads, below, removals.map((head) => /** @type {Edit} */ (edits.get(head.edit_id)))).sort(byRank);
  if (!wanting.length) return { gone: true };
  const both = [...removals, ...wanting].sort(byRank);
  if (policyOf(row, both).name === 'latest') return { gone: !both[both.length - 1].present };
  return { gone: false, collision: { path: row, heads: both, in_force: wanting[wanting.length - 1], policy: 'ask' } };
}

/** The heads that want a row: those that added it, and those below it that no removal of it has seen. @param {string} row @param {Map<string, Head[]>} heads @param {string[]} below @param {Edit[]} removals */
function wantingHeads(row, heads, below, removals) {
  const wanting = new Map(headsAt(heads, row).filter((head) => head.present).map((head) => [head.edit_id, head]));
  for (const path of below) {
    for (const head of headsAt(heads, path)) {
      const replaced = wanting.has(head.edit_id) || removals.some((removal) => hasSeenInRow(removal, row, path, head.edit_id));
      if (!replaced) wanting.set(head.edit_id, { ...head, value: {}, present: true });
    }
  }
  return [...wanting.values()];
}

/** @param {Map<string, Head[]>} heads @param {string} path @returns {Head[]} */
const headsAt = (heads, path) => heads.get(path) ?? [];

/** @param {string} path @param {Map<string, Row>} rows */
const isGone = (path, rows) => rows.size > 0 && [path, ...rowsAbove(path)].some((row) => rows.get(row)?.gone === true);

/** A group, a repeat or a row while answers are put together; tells them from values that are objects. */
class Branch extends Map {}

/** Flat paths, sorted, to nested answers; rows become arrays in the order of their ULIDs. @param {Map<string, any>} values */
function nested(values) {
  const root = new Branch();
  for (const [path, value] of values) place(root, path, value);
  return members(root);
}

/** @param {Branch} root @param {string} path @param {any} value */
function place(root, path, value) {
  const way = path.split('/').slice(1);
  const last = /** @type {string} */ (way.pop());
  let branch = root;
  for (const segment of way) {
    if (!branch.has(segment)) branch.set(segment, new Branch());
    branch = branch.get(segment);
    if (!(branch instanceof Branch)) return; // a value stands where this path has a group
  }
  if (!branch.has(last)) branch.set(last, isRow(path) ? new Branch() : value);
}

/** @param {any} node @returns {any} */
function plain(node) {
  if (!(node instanceof Branch)) return node;
  const keys = [...node.keys()];
  if (!keys.length || !keys.every((key) => isRow(`/${key}`))) return members(node);
  return keys.sort().map((row) => ({ _row: row, ...members(node.get(row)) }));
}

/** @param {any} node */
function members(node) {
  return node instanceof Branch ? Object.fromEntries([...node].map(([key, below]) => [key, plain(below)])) : {};
}
