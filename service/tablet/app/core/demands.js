/** What a form demands of each answer as things stand; with judge.js the twin of schemas/answers.py. */

import { readsOf } from './dependencies.js';
import { toNumber } from './coercion.js';
import { evaluate, holds } from './expression.js';
import { OTHER, rowOf } from './form.js';
import { repeated } from './unique.js';
import { fault, valueFault } from './values.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./form.js').Choice} Choice
 * @typedef {import('./settle.js').Settled} Settled
 * @typedef {import('./standing.js').Holder} Holder
 * @typedef {import('./values.js').Fault} Fault
 */

/** Rows that a `row_count` may ask for; what is beyond counts as that many. */
const MOST_COUNTED = 1_000;
const UNDEMANDING = new Set(['draft', 'withdrawn']);

/** By record path: whether an answer is required, whether it can be changed, and what is wrong with it. */
export class Demands {
  /** @type {Map<string, boolean>} */
  required = new Map();
  /** @type {Map<string, boolean>} */
  readonly = new Map();
  /** How many rows a repeat that counts them is to have. @type {Map<string, number>} */
  counted = new Map();
  /** @type {Map<string, Fault>} */
  #faults = new Map();
  /** Of the fields whose answers differ from row to row, those that do not. @type {Map<Field, Map<string, Fault>>} */
  #repeated = new Map();

  /** @param {Settled} settled @param {string} state of the record */
  constructor(settled, state) {
    this.settled = settled;
    this.demanding = !UNDEMANDING.has(state);
    const asking = settled.form.walk().filter(({ type }) => type !== 'group' && type !== 'note');
    this.fields = asking.map((field) => ({ field, reads: readsOf(field, [field.required, field.readonly, field.constraint, field.choice_filter, field.row_count]) }));
    this.unique = asking.filter(({ unique }) => unique).map((field) => ({ field, reads: readsOf(field, []) }));
  }

  /** Everything that is wrong with answers of the right shape. @returns {Map<string, Fault>} */
  get faults() {
    return new Map([...[...this.#repeated.values()].flatMap((found) => [...found]), ...this.#faults]);
  }

  /** Look again wherever something has changed that matters there. */
  look() {
    for (const { container, holder } of this.settled.gone) for (const { name } of container.fields) this.#forget(`${holder.path}/${name}`);
    for (const { field, reads } of this.fields) for (const holder of this.settled.concerned(field, reads)) this.#lookAt(field, holder);
    for (const { field, reads } of this.unique) if (this.settled.isConcerned(field, reads)) this.#compareRows(field);
  }

  /** @param {Field} field */
  #compareRows(field) {
    const [before, after] = [this.#repeated.get(field), repeated(field, this.settled.holders(field.parent))];
    this.#repeated.set(field, after);
    for (const path of [...(before?.keys() ?? []), ...after.keys()]) this.settled.touched.add(path);
  }

  /** @param {string} path */
  #forget(path) {
    for (const found of [this.required, this.readonly, this.counted, this.#faults]) found.delete(path);
  }

  /** @param {Field} field @param {Holder} holder */
  #lookAt(field, holder) {
    const path = `${holder.path}/${field.name}`;
    this.settled.touched.add(path);
    if (this.settled.irrelevant.has(path)) return this.#forget(path);
    const required = this.#isAsked(field.required, field, holder);
    this.required.set(path, required);
    this.readonly.set(path, this.#isAsked(field.readonly, field, holder));
    if (field.row_count && this.settled.isBegun) this.counted.set(path, counted(evaluate(field.row_count.tree, this.#context(field, holder))));
    const found = this.#fault(field, holder, required && this.demanding);
    if (found) this.#faults.set(path, found);
    else this.#faults.delete(path);
    return undefined;
  }

  /** @param {Field['required']} condition @param {Field} field @param {Holder} holder */
  #isAsked(condition, field, holder) {
    if (!this.settled.isBegun) return false;
    return typeof condition === 'object' ? holds(condition.tree, this.#context(field, holder)) : condition;
  }

  /** @param {Field} field @param {Holder} holder */
  #context(field, holder) {
    return this.settled.standing.context(holder, holder.own[field.name]);
  }

  /** @param {Field} field @param {Holder} holder @param {boolean} demanded @returns {Fault | null} */
  #fault(field, holder, demanded) {
    const value = holder.own[field.name];
    if (!this.settled.isBegun) return field.type === 'repeat' || value === undefined ? null : valueFault(field, value);
    if (field.type === 'repeat') return rowsFault(field, value?.length ?? 0, this.demanding, this.counted.get(`${holder.path}/${field.name}`));
    if (value === undefined) return demanded ? fault('required') : null;
    const wrong = valueFault(field, value);
    if (wrong) return wrong;
    if (field.constraint && !holds(field.constraint.tree, this.#context(field, holder))) return fault('constraint');
    if (!field.choice_filter) return null;
    return field.entity ? this.#entityFault(field, holder, value) : this.#choiceFault(field, holder, value);
  }

  /** A choice that the filter does not offer, as things stand. @param {Field} field @param {Holder} holder @param {any} value */
  #choiceFault(field, holder, value) {
    const names = this.#offeredAt(field, holder).map(({ name }) => name);
    const refused = [value].flat().find((each) => !names.includes(each));
    return refused === undefined ? null : fault('not_a_choice', { value: refused });
  }

  /** An entity that the filter does not offer; who lacks the entities says nothing. @param {Field} field @param {Holder} holder @param {any} value */
  #entityFault(field, holder, value) {
    const register = this.settled.standing.entities?.(field.entity);
    const filter = this.#filterAt(field, holder);
    const rows = [value].flat().map((id) => register?.named(id));
    const refused = rows.find((row) => row !== undefined && !filter(row));
    return refused ? fault('not_a_choice', { value: refused.label }) : null;
  }

  /** @param {Field} field @param {Holder} holder @returns {Choice[]} */
  #offeredAt(field, holder) {
    const filter = this.#filterAt(field, holder);
    return field.choices.filter((choice) => (field.other && choice.name === OTHER) || filter(rowOf(choice)));
  }

  /** @param {Field} field @param {Holder} holder @returns {(item: Record<string, any>) => boolean} */
  #filterAt(field, holder) {
    const tree = field.choice_filter?.tree;
    if (!tree) return () => true;
    const context = this.#context(field, holder);
    return (item) => holds(tree, { ...context, item });
  }

  /** The choices that a select offers at a path. @param {Field} field @param {string} path @returns {Choice[]} */
  offered(field, path) {
    const holder = field.choice_filter && !field.entity && this.settled.holder(field.parent, path.slice(0, path.lastIndexOf('/')));
    return holder ? this.#offeredAt(field, holder) : field.choices;
  }

  /** The entities that are offered at a path. @param {Field} field @param {string} path @returns {readonly Record<string, any>[]} */
  offeredEntities(field, path) {
    const register = this.settled.standing.entities?.(field.entity);
    const holder = field.choice_filter && this.settled.holder(field.parent, path.slice(0, path.lastIndexOf('/')));
    if (!register || !holder || !field.choice_filter) return register?.rows ?? [];
    return register.meeting(field.choice_filter.tree, this.#context(field, holder));
  }
}

/** How many rows a `row_count` asks for: none where it comes to no number. @param {import('./coercion.js').Value} value */
function counted(value) {
  const number = toNumber(value);
  return Number.isNaN(number) ? 0 : Math.trunc(Math.max(0, Math.min(number, MOST_COUNTED)));
}

/** @param {Field} field @param {number} count @param {boolean} demanding @param {number | undefined} wanted */
function rowsFault(field, count, demanding, wanted) {
  if (demanding && wanted !== undefined && count !== wanted) return fault('row_count', { rows: wanted });
  if (demanding && count < field.min_rows) return fault('min_rows', { min: field.min_rows });
  return field.max_rows !== null && count > field.max_rows ? fault('max_rows', { max: field.max_rows }) : null;
}
