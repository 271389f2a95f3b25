/** Edits, as they are told apart, joined and ordered; the twin of sync/edits.py. */

import { canonical, digest, lenient } from './canonical.js';
import { isTime } from './clock.js';
import { sha256 } from './sha256.js';

/**
 * @typedef {{id: string, at: string, by: string, device: string, app: string, version: number,
 *   set: Record<string, any>, unset: string[], seen: Record<string, string[]>, note: string | null, sig: string}} Edit
 */

const VERSION_MOST = 2_147_483_647;
const VALUE_DEPTH = 16;
const NAME = /^[ -~]{1,200}$/;

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const areTexts = (value) => Array.isArray(value) && value.every((item) => typeof item === 'string');
/** ASCII texts in the order that Python gives them. @param {string} a @param {string} b */
export const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Whether two JSON values are the same, whatever the order of their members. @param {any} a @param {any} b @returns {boolean} */
export function equal(a, b) {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** SHA-256 of the edit's canonical JSON, or of what comes near it where it has none. @param {any} edit */
export function editDigest(edit) {
  return sha256(new TextEncoder().encode(bytesOf(edit)));
}

/** @param {any} value */
function bytesOf(value) {
  try {
    return canonical(value);
  } catch {
    return lenient(value);
  }
}

/** A short ASCII text: Python and JavaScript order others differently. @param {any} edit @param {string} member */
const nameOf = (edit, member) => (isObject(edit) && typeof edit[member] === 'string' && NAME.test(edit[member]) ? edit[member] : '');
/** @param {any} edit */
export const idOf = (edit) => nameOf(edit, 'id');

/** By time, then id. @param {any} a @param {any} b */
const order = (a, b) => compare(nameOf(a, 'at'), nameOf(b, 'at')) || compare(idOf(a), idOf(b));

/** Whether this is the stub that an erasure leaves. @param {any} edit */
export const isErased = (edit) => isObject(edit) && typeof edit.erased === 'string';

/**
 * Every edit of every log once, sorted by time, id and digest. Two with one id and different content are both kept; an
 * erased stub beats the edit that it stands for.
 * @param {...any[]} logs
 * @returns {any[]}
 */
export function union(...logs) {
  const kept = [...byId(logs.flat()).values()].flatMap((all) => {
    if (all.length === 1) return all;
    return byDigest(withoutErased([...new Map(all.map((edit) => [bytesOf(edit), edit])).values()]));
  });
  return kept.sort(order);
}

/** @param {any[]} edits */
function byId(edits) {
  /** @type {Map<string, any[]>} */
  const found = new Map();
  for (const edit of edits) {
    const alike = found.get(idOf(edit));
    if (alike) alike.push(edit);
    else found.set(idOf(edit), [edit]);
  }
  return found;
}

/** @param {any[]} alike */
function byDigest(alike) {
  const found = new Map(alike.map((edit) => [editDigest(edit), edit]));
  return [...found].sort(([a], [b]) => compare(a, b)).map(([, edit]) => edit);
}

/** @param {any[]} alike */
function withoutErased(alike) {
  const erased = new Set(alike.filter(isErased).map((edit) => edit.erased));
  return erased.size ? alike.filter((edit) => isErased(edit) || !erased.has(editDigest(edit))) : alike;
}

/** Those edits that a log does not hold, neither whole nor erased. @param {any[]} edits @param {any[]} log @returns {any[]} */
export function without(edits, log) {
  const held = new Set(log.map(named));
  return edits.filter((edit) => !held.has(named(edit)));
}

/** @param {any} edit */
const named = (edit) => `${idOf(edit)} ${isErased(edit) ? edit.erased : editDigest(edit)}`;

/** What a receipt is bound to: SHA-256 of the sorted list of `[id, digest]`. @param {any[]} edits @returns {Promise<string>} */
export function editsDigest(edits) {
  const pairs = edits.map((edit) => [idOf(edit), editDigest(edit)]);
  return digest(pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1])));
}

/** @param {any} edit @param {Set<string>} excluded */
const isExcluded = (edit, excluded) => excluded.size > 0 && (excluded.has(idOf(edit)) || excluded.has(editDigest(edit)));

/**
 * The edits that count: well-formed, not erased, not excluded, their id not standing for two contents. A copy that
 * differs in its signature alone is the same edit.
 * @param {any[]} edits @param {Set<string>} [excluded] ids or digests @returns {Edit[]}
 */
export function inForce(edits, excluded = new Set()) {
  return [...byId(edits).values()].flatMap((alike) => {
    const counted = alike.filter((edit) => isEdit(edit) && !isExcluded(edit, excluded));
    if (alike.length === 1) return counted;
    const differing = alike.filter((edit) => isErased(edit) || counted.includes(edit)).map(unsigned);
    if (differing.some((edit) => !equal(edit, differing[0]))) return [];
    return byDigest(counted).slice(0, 1);
  });
}

/** @param {any} edit */
const unsigned = ({ sig: _, ...edit }) => edit;

/** Whether something has the shape of an edit that can be in force. @param {any} edit */
export function isEdit(edit) {
  return isObject(edit) && !isErased(edit) && idOf(edit) !== '' && isTime(edit.at)
    && Number.isInteger(edit.version) && edit.version > 0 && edit.version <= VERSION_MOST
    && isObject(edit.set) && areTexts(edit.unset) && isObject(edit.seen) && Object.values(edit.seen).every(areTexts)
    && Object.values(edit.set).every((value) => isPlain(value));
}

/** Whether a value may stand in an edit: no fraction, no huge integer, not nested too deep. @param {any} value @returns {boolean} */
function isPlain(value, depth = VALUE_DEPTH) {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return depth > 0 && Object.values(value).every((item) => isPlain(item, depth - 1));
}
