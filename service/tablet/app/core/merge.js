/**
 * What a record's edits amount to: heads, values, collisions; the twin of sync/merge.py and sync/edits.py.
 * tests/vectors/merge.json holds both to the same outcome.
 */

import { digest } from './canonical.js';

/**
 * @typedef {{id: string, at: string, by: string, device: string, app: string, version: number,
 *   set: Record<string, any>, unset: string[], seen: Record<string, string[]>, note: string | null, sig: string}} Edit
 * @typedef {{edit_id: string, value: any, present: boolean, at: string, by: string, device: string, version: number}} Head
 * @typedef {{path: string, heads: Head[], in_force: Head, policy: string}} Collision
 * @typedef {{values: Record<string, any>, state: string, version: number, heads: Map<string, Head[]>,
 *   collisions: Collision[], at: string}} Folded
 * @typedef {{field(path: string): {type: string, merge: string} | null | undefined}} Policies
 */

export const STATE = '/_state';
const ROW = /\/[0-9A-HJKMNP-TV-Z]{26}$/;
const NUMERIC = new Set(['integer', 'decimal', 'calculate', 'score']);
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Whether a path names a row of a repeat: its last segment is a ULID, which no field name can be. @param {string} path */
export function isRow(path) {
  return ROW.test(path);
}

/** @param {any} edit */
const idOf = (edit) => (isObject(edit) && typeof edit.id === 'string' ? edit.id : '');
/** @param {any} edit */
const atOf = (edit) => (isObject(edit) && typeof edit.at === 'string' ? edit.at : '');
/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {any} value */
const areTexts = (value) => Array.isArray(value) && value.every((item) => typeof item === 'string');
/** Text order by code points, as Python has it. @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Every edit of every log once, sorted by time and id. Two with one id and different content are both kept; an erased
 * stub beats the edit that it stands for.
 * @param {...any[]} logs
 * @returns {any[]}
 */
export function union(...logs) {
  /** @type {Map<string, any[]>} */
  const byId = new Map();
  for (const edit of logs.flat()) {
    const same = byId.get(idOf(edit)) ?? [];
    if (!same.some((each) => equal(each, edit))) same.push(edit);
    byId.set(idOf(edit), same);
  }
  const kept = [...byId.values()].flatMap((same) => (same.some(isErased) ? same.filter(isErased) : same));
  return kept.sort((a, b) => compare(atOf(a), atOf(b)) || compare(idOf(a), idOf(b)));
}

/** @param {any} edit */
function isErased(edit) {
  return isObject(edit) && typeof edit.erased === 'string';
}

/** What a receipt is bound to. @param {any[]} edits @returns {Promise<string>} */
export async function editsDigest(edits) {
  const pairs = await Promise.all(edits.map(async (edit) => [idOf(edit), await digest(edit)]));
  return digest(pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1])));
}

/** @param {any[]} edits @param {Set<string>} excluded @returns {Edit[]} */
function inForce(edits, excluded) {
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const edit of edits) times.set(idOf(edit), (times.get(idOf(edit)) ?? 0) + 1);
  return edits.filter((edit) => times.get(idOf(edit)) === 1 && !excluded.has(idOf(edit)) && isWhole(edit));
}

/** @param {any} edit */
function isWhole(edit) {
  return idOf(edit) !== '' && typeof edit.at === 'string' && Number.isInteger(edit.version) && isObject(edit.set)
    && areTexts(edit.unset) && isObject(edit.seen) && Object.values(edit.seen).every(areTexts);
}

/**
 * Heads, values and collisions of a record.
 * @param {any[]} edits
 * @param {Policies | null} form gives the merge policy of each field; without it, every field asks
 * @param {{excluded?: Set<string>}} [options] ids of edits that do not count
 * @returns {Folded}
 */
export function fold(edits, form, { excluded = new Set() } = {}) {
  const counted = inForce(edits, excluded);
  const graph = new Graph(counted);
  const heads = new Map(graph.paths().map((path) => [path, graph.heads(path)]));
  const disputed = disputedRows(heads, graph);
  /** @type {Map<string, any>} */
  const values = new Map();
  /** @type {Collision[]} */
  const collisions = [];
  for (const [path, found] of heads) {
    let settled = settle(path, found, form);
    if (settled.collision) collisions.push(settled.collision);
    if (disputed.some((row) => within(path, row))) settled = settle(path, graph.heads(path, disputed), form);
    if (settled.present) values.set(path, settled.value);
  }
  const state = values.get(STATE) ?? 'draft';
  values.delete(STATE);
  return {
    values: nested(values, disputed),
    state: typeof state === 'string' ? state : 'draft',
    version: Math.max(0, ...counted.map((edit) => edit.version)),
    heads,
    collisions,
    at: counted.reduce((latest, edit) => (edit.at > latest ? edit.at : latest), ''),
  };
}

/** Which edit touches and which has seen what, path by path. */
class Graph {
  /** @param {Edit[]} edits */
  constructor(edits) {
    this.byId = new Map(edits.map((edit) => [edit.id, edit]));
    /** @type {Map<string, Map<string, boolean>>} */
    this.touches = new Map();
    /** @type {Map<string, string[]>} */
    this.removals = new Map();
    for (const edit of edits) {
      for (const path of Object.keys(edit.set)) this.touch(path, edit.id, true);
      for (const path of edit.unset) {
        this.touch(path, edit.id, false);
        if (isRow(path)) this.removals.set(path, [...(this.removals.get(path) ?? []), edit.id]);
      }
    }
    this.touchBelowRemovedRows();
  }

  /** @param {string} path @param {string} id @param {boolean} present */
  touch(path, id, present) {
    const touches = this.touches.get(path) ?? new Map();
    this.touches.set(path, touches.set(id, present));
  }

  paths() {
    return [...this.touches.keys()].sort();
  }

  /** Taking a row away takes away every value below it, also one that the remover never saw. */
  touchBelowRemovedRows() {
    for (const [row, removers] of this.removals) {
      for (const [path, touches] of this.touches) {
        if (!path.startsWith(`${row}/`)) continue;
        for (const id of removers) if (!touches.has(id)) touches.set(id, false);
      }
    }
  }

  /**
   * The edits that touch a path and that none of the others has seen, oldest first. Removals of the rows in `without`
   * are left out of the count, on the row and below it.
   * @param {string} path @param {string[]} [without] @returns {Head[]}
   */
  heads(path, without = []) {
    const removers = new Set(without.filter((row) => within(path, row)).flatMap((row) => this.removals.get(row) ?? []));
    const touching = new Map([...(this.touches.get(path) ?? [])].filter(([id, present]) => present || !removers.has(id)));
    const seen = touching.size > 1 ? this.seen(path, touching) : new Set();
    return [...touching].filter(([id]) => !seen.has(id)).map(([id, present]) => this.head(path, id, present)).sort(byRank);
  }

  /** @param {string} path @param {string} id @param {boolean} present @returns {Head} */
  head(path, id, present) {
    const edit = /** @type {Edit} */ (this.byId.get(id));
    const value = present ? edit.set[path] : null;
    return { edit_id: id, value, present, at: edit.at, by: String(edit.by ?? ''), device: String(edit.device ?? ''), version: edit.version };
  }

  /** Those that another one has replaced; edits in a cycle have not seen each other. @param {string} path @param {Map<string, boolean>} touching */
  seen(path, touching) {
    /** @type {Map<string, string[]>} */
    const edges = new Map([...touching.keys()].map((id) => [id, this.edges(path, id, touching)]));
    const reach = new Map([...edges.keys()].map((id) => [id, reachable(id, edges)]));
    const replaced = new Set();
    for (const [id, targets] of edges) {
      for (const target of targets) if (!reach.get(target)?.has(id)) replaced.add(target);
    }
    return replaced;
  }

  /** @param {string} path @param {string} id @param {Map<string, boolean>} touching */
  edges(path, id, touching) {
    const edit = /** @type {Edit} */ (this.byId.get(id));
    const seen = Object.hasOwn(edit.seen, path) ? edit.seen[path] : [];
    return seen.filter((other) => other !== id && touching.has(other));
  }
}

/** @param {Head} a @param {Head} b */
function byRank(a, b) {
  return compare(a.at, b.at) || compare(a.edit_id, b.edit_id);
}

/** @param {string} start @param {Map<string, string[]>} edges @returns {Set<string>} */
function reachable(start, edges) {
  const found = new Set();
  const open = [start];
  while (open.length) {
    for (const next of edges.get(/** @type {string} */ (open.pop())) ?? []) {
      if (!found.has(next)) {
        found.add(next);
        open.push(next);
      }
    }
  }
  return found;
}

/** @param {string} path @param {string} row */
function within(path, row) {
  return path === row || path.startsWith(`${row}/`);
}

/** Rows that somebody took away while somebody else changed something in them. @param {Map<string, Head[]>} heads @param {Graph} graph */
function disputedRows(heads, graph) {
  return [...graph.removals].filter(([row, removers]) => [...heads].some(([path, found]) => path.startsWith(`${row}/`)
    && found.some((head) => head.present) && found.some((head) => removers.includes(head.edit_id)))).map(([row]) => row);
}

/**
 * One path's value by its policy, and the collision that remains.
 * @param {string} path @param {Head[]} heads @param {Policies | null} form
 * @returns {{present: boolean, value: any, collision?: Collision}}
 */
function settle(path, heads, form) {
  if (!heads.length) return { present: false, value: null };
  const greatest = heads[heads.length - 1];
  const inForceNow = { present: greatest.present, value: greatest.value };
  if (heads.every((head) => head.present === greatest.present && equal(head.value, greatest.value))) return inForceNow;
  const field = form && path !== STATE && !isRow(path) ? form.field(path) : null;
  const policy = field?.merge ?? 'ask';
  const combined = field ? combine(policy, heads, field) : null;
  if (combined !== null) return { present: true, value: combined };
  if (policy === 'latest') return inForceNow;
  return { ...inForceNow, collision: { path, heads, in_force: greatest, policy } };
}

/** @param {string} policy @param {Head[]} heads @param {{type: string}} field */
function combine(policy, heads, field) {
  const values = heads.filter((head) => head.present).map((head) => head.value);
  if (!values.length) return null;
  if (policy === 'union' && values.every(Array.isArray)) return joined(values);
  return policy === 'max' || policy === 'min' ? extreme(policy, values, field) : null;
}

/** @param {any[][]} values */
function joined(values) {
  const items = new Map(values.flat().map((item) => [typeof item === 'string' ? `s${item}` : JSON.stringify(item), item]));
  return [...items.values()].sort((a, b) => compare(String(a), String(b)));
}

/** @param {string} policy @param {any[]} values @param {{type: string}} field */
function extreme(policy, values, field) {
  if (!values.every((value) => isComparable(value, field))) return null;
  const numeric = NUMERIC.has(field.type);
  const sign = policy === 'max' ? 1 : -1;
  const order = (/** @type {any} */ a, /** @type {any} */ b) => (numeric ? decimalOrder(a, b) : compare(a, b)) || compare(String(a), String(b));
  return values.reduce((best, value) => (sign * order(value, best) > 0 ? value : best));
}

/** @param {any} value @param {{type: string}} field */
function isComparable(value, field) {
  if (!NUMERIC.has(field.type)) return typeof value === 'string';
  return Number.isInteger(value) || (typeof value === 'string' && DECIMAL.test(value));
}

/** Decimals of any length, without rounding. @param {any} a @param {any} b */
function decimalOrder(a, b) {
  const [left, right] = [String(a), String(b)].map((text) => text.replace(/^-/, '').split('.'));
  const places = Math.max(left[1]?.length ?? 0, right[1]?.length ?? 0);
  const [x, y] = [[a, left], [b, right]].map(([value, [whole, part = '']]) => BigInt(whole + part.padEnd(places, '0')) * (String(value).startsWith('-') ? -1n : 1n));
  return x < y ? -1 : x > y ? 1 : 0;
}

/** A group, a repeat or a row while answers are put together; tells them from values that are objects. */
class Branch extends Map {}

/** Flat paths to nested answers; rows become arrays in the order of their ULIDs. @param {Map<string, any>} values @param {string[]} disputed */
function nested(values, disputed) {
  const root = new Branch();
  for (const path of [...values.keys()].sort()) place(root, path, values.get(path));
  for (const row of disputed) place(root, row, {});
  const whole = plain(root);
  return Array.isArray(whole) ? {} : whole;
}

/** @param {Branch} root @param {string} path @param {any} value */
function place(root, path, value) {
  const way = path.split('/').slice(1);
  const last = /** @type {string} */ (way.pop());
  let branch = root;
  for (const segment of way) {
    if (!branch.has(segment)) branch.set(segment, new Branch());
    branch = branch.get(segment);
    if (!(branch instanceof Branch)) return;
  }
  if (!branch.has(last)) branch.set(last, isRow(path) ? new Branch() : value);
}

/** @param {any} node @returns {any} */
function plain(node) {
  if (!(node instanceof Branch)) return node;
  const keys = [...node.keys()];
  if (keys.length && keys.every((key) => isRow(`/${key}`))) {
    return keys.sort().map((row) => ({ _row: row, ...(node.get(row) instanceof Branch ? members(node.get(row)) : {}) }));
  }
  return members(node);
}

/** @param {Branch} node */
function members(node) {
  return Object.fromEntries([...node].map(([key, below]) => [key, plain(below)]));
}

/** Whether two JSON values are the same, whatever the order of their members. @param {any} a @param {any} b @returns {boolean} */
export function equal(a, b) {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
