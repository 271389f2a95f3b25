/** Rows that conditions look among, a list of a form or all entities of a kind: a cascade over thousands asks only those that may be meant. */

import { evaluate, holds, propertyOf } from './expression.js';
import { nodes } from './form.js';

/**
 * @typedef {import('./form.js').Tree} Tree
 * @typedef {import('./expression.js').Context} Context
 * @typedef {Record<string, any>} Row
 */

export class Register {
  /** By property, the rows by the text that they have there; null where some have no text. @type {Map<string, Map<string, Row[]> | null>} */
  #indexes = new Map();

  /** @param {readonly Row[]} rows */
  constructor(rows) {
    this.rows = rows;
  }

  /** The row of this name; undefined where there is none. @param {string} name @returns {Row | undefined} */
  named(name) {
    return this.#index('name')?.get(name)?.[0];
  }

  /** The rows that meet a condition, in their order. @param {Tree} tree @param {Context} context @returns {Row[]} */
  meeting(tree, context) {
    return this.#candidates(tree, context).filter(asks(tree, context));
  }

  /** The first of them. @param {Tree} tree @param {Context} context @returns {Row | undefined} */
  first(tree, context) {
    return this.#candidates(tree, context).find(asks(tree, context));
  }

  /** Those that have what the condition says they must, in the property that leaves the fewest. @param {Tree} tree @param {Context} context */
  #candidates(tree, context) {
    let fewest = this.rows;
    for (const [property, other] of equalities(tree)) {
      const wanted = evaluate(other, context);
      const index = typeof wanted === 'string' ? this.#index(property) : null;
      const found = index ? index.get(String(wanted)) ?? [] : this.rows;
      if (found.length < fewest.length) fewest = found;
    }
    return fewest;
  }

  /** @param {string} property */
  #index(property) {
    if (!this.#indexes.has(property)) this.#indexes.set(property, indexOf(this.rows, property));
    return this.#indexes.get(property) ?? null;
  }
}

/** Numbers and truth values equal more than what is written alike: they are not looked up. @param {readonly Row[]} rows @param {string} property */
function indexOf(rows, property) {
  /** @type {Map<string, Row[]>} */
  const found = new Map();
  for (const row of rows) {
    const value = propertyOf(row, property);
    if (typeof value !== 'string') return null;
    const alike = found.get(value);
    if (alike) alike.push(row);
    else found.set(value, [row]);
  }
  return found;
}

/** @param {Tree} tree @param {Context} context @returns {(row: Row) => boolean} */
function asks(tree, context) {
  const within = { ...context };
  return (row) => {
    within.item = row;
    return holds(tree, within);
  };
}

/** What must hold for a condition to: properties, each with the expression that it must equal. @param {Tree} tree @returns {[string, Tree][]} */
function equalities({ call, args = [] }) {
  if (call === 'and') return args.flatMap(equalities);
  if (call !== '=') return [];
  const [one, other] = args[0].item === undefined ? [args[1], args[0]] : args;
  return one.item === undefined || nodes(other).some(readsRow) ? [] : [[one.item, other]];
}

/** @param {Tree} node */
const readsRow = ({ item, lookup }) => item !== undefined || lookup !== undefined;
