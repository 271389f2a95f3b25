/**
 * Works out what is computed and what is irrelevant in a record, anew after each change only where that may matter; the
 * twin of schemas/settle.py, which works everything out once.
 *
 * Fields are taken in the order of what they depend on, so that one pass settles all of them: an irrelevant value counts
 * for nothing in whatever reads it.
 */

import { normal } from './answer.js';
import { LIMIT, cost } from './cost.js';
import { Changes, DAY, TIME, entitiesOf, order, readsOf } from './dependencies.js';
import { equal } from './edits.js';
import { evaluate, holds } from './expression.js';
import { filtered, lookedUp } from './form.js';
import { localTime } from './moment.js';
import { copied, copiedWithin, given, member, noteUnknown, put, shape } from './shape.js';
import { Standing } from './standing.js';
import { fault } from './values.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./coercion.js').Value} Value
 * @typedef {import('./shape.js').Answers} Answers
 * @typedef {import('./shape.js').Faults} Faults
 * @typedef {import('./standing.js').Holder} Holder
 * @typedef {import('./standing.js').Entities} Entities
 */

/** Else calculations that repeat each other's texts could fill the memory. */
const COMPUTED_LENGTH = 10_000;

/** A record's answers, with what was found on the way. */
export class Settled {
  /** Not where its expressions cost too much. */
  isBegun = true;
  /** @type {Set<string>} record paths */
  irrelevant = new Set();
  /** What the calculations came to that run on the tablet alone, null where they came to nothing. @type {Map<string, any>} */
  stored = new Map();
  /** Since the last time: what has changed, @type {Changes} */
  changes = new Changes();
  /** the record paths where something looks otherwise, @type {Set<string>} */
  touched = new Set();
  /** and the places that are no longer there. @type {{container: Field, holder: Holder}[]} */
  gone = [];

  /** @type {Map<string, Faults>} faults of shape, by the outermost field */
  #faults = new Map();
  /** What calculations came to that cannot be kept, by path. @type {Faults} */
  #unkept = new Map();
  /** @type {any} */
  #values = {};
  /** @type {Map<string, import('./register.js').Register | undefined>} by kind */
  #entities = new Map();
  #turn = 1;
  #begun = false;
  /** Where the fields of a container stand, in the order of the record. @type {Map<Field, Holder[]>} */
  #held = new Map();
  /** The same by path, for as long as they are there. @type {Map<Field | null, Map<string, Holder>>} */
  #known = new Map();
  /** Containers of which an instance came to be in this turn. @type {Set<Field | null>} */
  #grown = new Set([null]);

  /** @param {Form} form @param {Entities} [entities] */
  constructor(form, entities) {
    this.form = form;
    const entered = shape({}, form.byName, '', new Map());
    /** @type {Holder} */
    this.root = { path: '', own: copiedWithin(entered, form.fields), entered, rows: [], born: 1 };
    this.standing = new Standing(form, this.root.own, entities);
    this.steps = order(form).map((field) => ({ field, reads: readsOf(field, [field.relevant, field.trigger.length ? null : field.calculate]) }));
    this.kinds = entities ? new Set([...lookedUp(form), ...filtered(form)]) : [];
    for (const field of form.walk()) if (field.fields.length) this.holders(field);
  }

  /** Take over new values; what has not changed since the last time is the same object. @param {Answers} values @param {number} now ms */
  become(values, now) {
    [this.changes, this.touched, this.gone] = [new Changes(), new Set(), []];
    if (this.#begun) [this.#turn, this.#grown] = [this.#turn + 1, new Set()];
    this.#begun = true;
    this.#takeTime(now);
    this.#takeEntities();
    this.#takeValues(values);
    this.#begin(cost(this.form, this.root.entered) <= LIMIT);
    for (const { field, reads } of this.isBegun ? this.steps : []) for (const holder of this.concerned(field, reads)) this.#settle(field, holder);
  }

  /** Where a field stands that reads something that has changed, or that came to be. @param {Field} field @param {import('./dependencies.js').Read[]} reads */
  concerned(field, reads) {
    const holders = this.holders(field.parent);
    return this.isConcerned(field, reads) ? holders.filter((holder) => holder.born === this.#turn || this.changes.reach(reads, holder.rows)) : [];
  }

  /** Whether that is so anywhere. @param {Field} field @param {import('./dependencies.js').Read[]} reads */
  isConcerned(field, reads) {
    return this.#grown.has(field.parent) || this.changes.concern(reads);
  }

  /** What the fields of a container stand in now; not below what is irrelevant. @param {Field | null} parent @returns {Holder[]} */
  holders(parent) {
    if (parent === null) return [this.root];
    const known = this.#held.get(parent);
    if (known) return known;
    const found = this.holders(parent.parent).flatMap((holder) => this.#holdersIn(holder, parent));
    this.#held.set(parent, found);
    return found;
  }

  /** What stands there; undefined where nothing does now. @param {Field | null} container @param {string} path @returns {Holder | undefined} */
  holder(container, path) {
    return container === null ? this.root : this.#known.get(container)?.get(path);
  }

  /** Everything that has not the form's shape, or cannot be worked out. @returns {Faults} */
  get faults() {
    return new Map([...this.#unkept, ...[...this.#faults.values()].flatMap((found) => [...found])]);
  }

  /** Work expressions out from now on, or no longer. @param {boolean} isBegun */
  #begin(isBegun) {
    if (isBegun === this.isBegun) return;
    this.isBegun = isBegun;
    this.#faults.set('*', new Map(isBegun ? [] : [['', fault('too_costly')]]));
    for (const { name } of this.form.fields) for (const found of [this.irrelevant, this.stored, this.#unkept]) found.delete(`/${name}`);
    for (const field of this.form.fields) this.#put(field, this.root, copied(this.root.entered[field.name], field));
  }

  /** @param {number} now */
  #takeTime(now) {
    const before = this.standing.moment;
    this.standing.moment = localTime(now, this.form.timezone);
    if (before !== this.standing.moment) this.changes.add(TIME);
    if (before.slice(0, 10) !== this.standing.moment.slice(0, 10)) this.changes.add(DAY);
  }

  #takeEntities() {
    for (const kind of this.kinds) {
      const register = this.standing.entities?.(kind);
      if (register !== this.#entities.get(kind)) this.changes.add(entitiesOf(kind));
      this.#entities.set(kind, register);
    }
  }

  /** @param {Answers} values */
  #takeValues(values) {
    const unknown = new Map();
    noteUnknown(values, this.form.byName, '', unknown);
    this.#faults.set('', unknown);
    for (const [name, field] of this.form.byName) {
      const value = given(values, name);
      if (value === given(this.#values, name)) continue;
      const faults = new Map();
      const fresh = member(value, field, `/${name}`, faults);
      for (const path of [...(this.#faults.get(name)?.keys() ?? []), ...faults.keys()]) this.touched.add(path);
      this.#faults.set(name, faults);
      this.#take(field, this.root.entered, fresh, '');
    }
    this.#values = values;
  }

  /** One field's value, in its shape, in place of what was entered before. @param {Field} field @param {Answers} entered @param {any} value @param {string} within path of what holds it */
  #take(field, entered, value, within) {
    const [before, path] = [entered[field.name], `${within}/${field.name}`];
    if (field.type === 'group') {
      for (const below of field.fields) this.#take(below, before, value[below.name], path);
    } else if (field.type === 'repeat' && haveSameRows(before, value)) {
      for (const [number, row] of (value ?? []).entries()) {
        for (const below of field.fields) this.#take(below, before[number], row[below.name], `${path}/${row._row}`);
      }
    } else if (!equal(before ?? null, value ?? null)) {
      put(entered, field.name, value);
      const holder = this.holder(field.parent, within);
      if (holder) this.#replace(field, holder);
    }
  }

  /** Something else was entered here. @param {Field} field @param {Holder} holder */
  #replace(field, holder) {
    if (!this.irrelevant.has(`${holder.path}/${field.name}`)) this.#put(field, holder, copied(holder.entered[field.name], field));
    else this.changes.add(field.path, holder.rows);
  }

  /** @param {Field} field @param {Holder} holder @param {any} value */
  #put(field, holder, value) {
    put(holder.own, field.name, value);
    this.touched.add(`${holder.path}/${field.name}`);
    this.#note(field, holder);
    if (field.fields.length) this.#forget(field, `${holder.path}/${field.name}`);
  }

  /** A field has changed, and so has all below it. @param {Field} field @param {Holder} holder */
  #note(field, holder) {
    this.changes.add(field.path, holder.rows);
    for (const below of field.fields) this.#note(below, holder);
  }

  /** What stood in a group or in rows stands there no longer, or is to be found anew. @param {Field} container @param {string} path */
  #forget(container, path) {
    const known = this.#known.get(container);
    for (const holder of known?.values() ?? []) {
      if (holder.path !== path && !holder.path.startsWith(`${path}/`)) continue;
      known?.delete(holder.path);
      this.gone.push({ container, holder });
      for (const { name } of container.fields) {
        this.irrelevant.delete(`${holder.path}/${name}`);
        this.stored.delete(`${holder.path}/${name}`);
        this.#unkept.delete(`${holder.path}/${name}`);
      }
    }
    for (const below of container.fields) if (below.fields.length) this.#forget(below, path);
    this.#held.delete(container);
  }

  /** @param {Holder} around @param {Field} container @returns {Holder[]} */
  #holdersIn(around, container) {
    const { name } = container;
    const path = `${around.path}/${name}`;
    if (this.irrelevant.has(path)) return [];
    if (container.type === 'group') return [this.#holder(container, path, around.own[name], around.entered[name], around.rows)];
    const rows = /** @type {Answers[]} */ (around.own[name] ?? []);
    return rows.map((row, index) => {
      const at = { repeat: container, row, number: index + 1, path: `${path}/${row._row}` };
      return this.#holder(container, at.path, row, around.entered[name][index], [...around.rows, at]);
    });
  }

  /** @param {Field} container @param {string} path @param {Answers} own @param {Answers} entered @param {Holder['rows']} rows @returns {Holder} */
  #holder(container, path, own, entered, rows) {
    const known = this.#known.get(container) ?? new Map();
    const found = known.get(path) ?? { path, own, entered, rows, born: this.#turn };
    if (found.born === this.#turn) this.#grown.add(container);
    this.#known.set(container, known.set(path, found));
    return found;
  }

  /** @param {Field} field @param {Holder} holder */
  #settle(field, holder) {
    const path = `${holder.path}/${field.name}`;
    const [was, entered] = [!this.irrelevant.has(path), holder.entered[field.name]];
    const context = this.standing.context(holder, entered);
    const is = !field.relevant || holds(field.relevant.tree, context);
    if (is && !was) this.irrelevant.delete(path);
    if (!is && was) this.irrelevant.add(path);
    if (is !== was) this.#put(field, holder, is ? copied(entered, field) : undefined);
    this.#unkept.delete(path);
    if (!is) this.stored.delete(path);
    else if (field.calculate && !field.trigger.length && (!field.is_stored || this.standing.entities)) this.#compute(field, holder, evaluate(field.calculate.tree, context));
  }

  /** @param {Field} field @param {Holder} holder @param {Value} value */
  #compute(field, holder, value) {
    const [path, found] = [`${holder.path}/${field.name}`, normal(value, field.value || field.type)];
    const isLong = typeof found === 'string' && found.length > COMPUTED_LENGTH && [...found].length > COMPUTED_LENGTH;
    const computed = isLong ? undefined : found;
    if (isLong) this.#unkept.set(path, fault('too_long', { max: COMPUTED_LENGTH }));
    if (!equal(holder.own[field.name] ?? null, computed ?? null)) this.#put(field, holder, computed);
    if (field.is_stored) this.stored.set(path, computed ?? null);
  }
}

/** @param {Answers[] | undefined} one @param {Answers[] | undefined} other */
function haveSameRows(one = [], other = []) {
  return one.length === other.length && one.every(({ _row }, index) => _row === other[index]._row);
}
