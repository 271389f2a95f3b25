/**
 * What the fields of a form depend on: in which order they are worked out, and which changes concern them; the twin of
 * schemas/dependencies.py.
 */

import { nodes } from './form.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./form.js').Tree} Tree
 * @typedef {import('./form.js').Expression} Expression
 * @typedef {{path: string, depth: number}} Read the schema path that is read; `depth`: how many of the rows that the
 *   reader stands in the way leads through, 0 where it begins at the record
 */

/** What expressions read that is no field. */
export const TIME = 'now()';
export const DAY = 'today()';
/** @param {string} kind */
export const entitiesOf = (kind) => `instance(${kind})`;

/** @type {WeakMap<Form, Field[]>} */
const orders = new WeakMap();

/** The fields that have a relevance or a calculation, each after those that it reads. @param {Form} form @returns {Field[]} */
export function order(form) {
  const known = orders.get(form);
  if (known) return known;
  /** @type {Map<string, Field>} */
  const found = new Map();
  const visit = (/** @type {string} */ path) => {
    const field = form.byPath.get(path);
    if (!field || found.has(path)) return;
    for (const needed of needs(field)) visit(needed);
    found.set(path, field);
  };
  for (const field of form.walk()) visit(field.path);
  const ordered = [...found.values()].filter((field) => field.relevant || field.calculate);
  orders.set(form, ordered);
  return ordered;
}

/** What must be settled before a field. @param {Field} field */
function needs(field) {
  const paths = new Set(field.parent ? [field.parent.path] : []);
  for (const expression of [field.relevant, field.trigger.length ? null : field.calculate]) {
    for (const node of expression ? nodes(expression.tree) : []) if (node.ref) paths.add(node.ref);
  }
  return [...paths].sort();
}

/** What these expressions of a field read, and the field itself. @param {Field} field @param {unknown[]} expressions @returns {Read[]} */
export function readsOf(field, expressions) {
  const repeats = repeatsAbove(field);
  const trees = expressions.filter(isExpression).flatMap(({ tree }) => nodes(tree));
  const own = [{ path: field.path, depth: repeats.length }];
  if (field.entity && expressions.includes(field.choice_filter)) own.push({ path: entitiesOf(field.entity), depth: 0 });
  return [...own, ...trees.flatMap((node) => nodeReads(node, repeats))];
}

/** @param {unknown} found @returns {found is Expression} */
const isExpression = (found) => typeof found === 'object' && found !== null && 'tree' in found;

/** @param {Tree} node @param {Field[]} repeats @returns {Read[]} */
function nodeReads(node, repeats) {
  if (node.ref) return [{ path: node.ref, depth: repeats.findLastIndex(({ path }) => node.ref?.startsWith(`${path}/`)) + 1 }];
  if (node.call === 'now') return [{ path: TIME, depth: 0 }];
  if (node.call === 'today') return [{ path: DAY, depth: 0 }];
  if (node.entities) return [{ path: entitiesOf(String(node.lookup)), depth: 0 }];
  // The row that is meant is any row of the record.
  return node.call === 'indexed-repeat' && node.args ? [{ path: String(node.args[0].ref), depth: 0 }] : [];
}

/** The repeats that a field stands in, outermost first. @param {Field} field @returns {Field[]} */
function repeatsAbove({ parent }) {
  if (!parent) return [];
  return parent.type === 'repeat' ? [...repeatsAbove(parent), parent] : repeatsAbove(parent);
}

/** What has changed since the last verdict: schema paths, each with the rows in which it did. */
export class Changes {
  /** @type {Map<string, Set<string>>} */
  #rows = new Map();

  /** @param {string} path @param {readonly {path: string}[]} [rows] that the changed field stands in */
  add(path, rows = []) {
    const found = this.#rows.get(path) ?? new Set(['']);
    for (const row of rows) found.add(row.path);
    this.#rows.set(path, found);
  }

  /** Whether anything that is read has changed anywhere. @param {readonly Read[]} reads */
  concern(reads) {
    return reads.some(({ path }) => this.#rows.has(path));
  }

  /** Whether anything has changed that is read from a place in these rows. @param {readonly Read[]} reads @param {readonly {path: string}[]} rows */
  reach(reads, rows) {
    return reads.some(({ path, depth }) => this.#rows.get(path)?.has(depth ? rows[depth - 1].path : ''));
  }
}
