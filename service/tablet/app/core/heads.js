/** Heads: for each path the edits in force that no other has seen; the twin of sync/heads.py. */

import { compare } from './edits.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {{edit_id: string, value: any, present: boolean, at: string, by: string, device: string, version: number}} Head
 */

/** Paths with more segments are passed over: no form nests as deep. */
const SEGMENTS = 64;
const ROW = /\/[0-9A-HJKMNP-TV-Z]{26}$/;
const ROW_WITHIN = /\/[0-9A-HJKMNP-TV-Z]{26}(?=\/)/g;

/** Whether a path names a row of a repeat: its last segment is a ULID, which no field name can be. @param {string} path */
export const isRow = (path) => ROW.test(path);

/** The rows that a path stands in, outermost first. @param {string} path */
export function rowsAbove(path) {
  return [...path.matchAll(ROW_WITHIN)].map((found) => path.slice(0, found.index + found[0].length));
}

/** @param {Head} a @param {Head} b */
export const byRank = (a, b) => compare(a.at, b.at) || compare(a.edit_id, b.edit_id);

/** The heads of every path that one of these edits touches, oldest first. Their ids must differ. @param {Edit[]} edits */
export function headsOf(edits) {
  /** @type {Map<string, Map<string, Edit>>} */
  const touching = new Map();
  for (const edit of edits) {
    for (const path of new Set([...Object.keys(edit.set), ...edit.unset])) {
      if (!touching.has(path)) touching.set(path, new Map());
      touching.get(path)?.set(edit.id, edit);
    }
  }
  const paths = [...touching.keys()].filter((path) => path.startsWith('/') && path.split('/').length <= SEGMENTS + 1).sort(byCodePoint);
  return new Map(paths.map((path) => [path, headsAt(path, /** @type {Map<string, Edit>} */ (touching.get(path)))]));
}

/** As Python sorts texts; JavaScript's own order is that of UTF-16. @param {string} a @param {string} b */
export function byCodePoint(a, b) {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    if (a[i] !== b[i]) return (a.codePointAt(i) ?? 0) - (b.codePointAt(i) ?? 0);
  }
  return a.length - b.length;
}

/** @param {string} path @param {Map<string, Edit>} touching @returns {Head[]} */
function headsAt(path, touching) {
  const replaced = touching.size > 1 ? replacedAt(path, touching) : new Set();
  return [...touching.values()].filter((edit) => !replaced.has(edit.id)).map((edit) => headAt(path, edit)).sort(byRank);
}

/** @param {string} path @param {Edit} edit @returns {Head} */
function headAt(path, edit) {
  const given = Object.hasOwn(edit.set, path) ? edit.set[path] : null;
  // A row is there or it is not; its values have paths of their own.
  const value = given !== null && isRow(path) ? {} : given;
  const text = (/** @type {unknown} */ name) => (typeof name === 'string' ? name : '');
  return { edit_id: edit.id, value, present: value !== null, at: edit.at, by: text(edit.by), device: text(edit.device), version: edit.version };
}

/** What an edit says that it replaced at a path. @param {Edit} edit @param {string} path */
const seenAt = (edit, path) => (Object.hasOwn(edit.seen, path) ? edit.seen[path] : []);

/** Those of the edits that another has seen; edits in a cycle have not seen each other. @param {string} path @param {Map<string, Edit>} touching */
function replacedAt(path, touching) {
  const edges = new Map([...touching].map(([id, edit]) => [id, [...new Set(seenAt(edit, path))].filter((seen) => seen !== id && touching.has(seen))]));
  const at = (/** @type {string} */ id) => touching.get(id)?.at ?? '';
  // Where every edit has seen only older ones there is no cycle to look for.
  const doubtful = [...edges].some(([id, seens]) => seens.some((seen) => at(seen) >= at(id)));
  const group = doubtful ? components(edges) : null;
  return new Set([...edges].flatMap(([id, seens]) => (group ? seens.filter((seen) => group.get(seen) !== group.get(id)) : seens)));
}

/**
 * A number for each node's strongly connected component, in linear time and without recursion (Kosaraju).
 * @param {Map<string, string[]>} edges
 */
function components(edges) {
  /** @type {Map<string, string[]>} */
  const backwards = new Map([...edges.keys()].map((id) => [id, []]));
  for (const [id, targets] of edges) for (const target of targets) backwards.get(target)?.push(id);
  /** @type {Map<string, number>} */
  const found = new Map();
  finished(edges).reverse().forEach((root, number) => {
    const todo = [root];
    while (todo.length) {
      const id = /** @type {string} */ (todo.pop());
      if (found.has(id)) continue;
      found.set(id, number);
      todo.push(...(backwards.get(id) ?? []));
    }
  });
  return found;
}

/** The nodes in the order in which a depth-first search leaves them. @param {Map<string, string[]>} edges */
function finished(edges) {
  /** @type {string[]} */
  const done = [];
  const entered = new Set();
  for (const root of edges.keys()) {
    /** @type {[string, boolean][]} */
    const todo = [[root, false]];
    while (todo.length) {
      const [id, leaving] = /** @type {[string, boolean]} */ (todo.pop());
      if (leaving) done.push(id);
      else if (!entered.has(id)) {
        entered.add(id);
        todo.push([id, true]);
        for (const target of edges.get(id) ?? []) if (!entered.has(target)) todo.push([target, false]);
      }
    }
  }
  return done;
}

/** Whether a removal of a row has replaced an edit's value below it. @param {Edit} removal @param {string} row @param {string} path @param {string} id */
export function hasSeenInRow(removal, row, path, id) {
  return removal.id === id || seenAt(removal, row).includes(id) || seenAt(removal, path).includes(id);
}
