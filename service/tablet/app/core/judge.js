/**
 * The verdict on a record's answers; the twin of schemas/answers.py and schemas/settle.py.
 * tests/vectors/answers.json holds both to the same verdicts.
 */

import { fromAnswer, toNumber, toText, toTruth } from './coercion.js';
import { evaluate, halvesUp, holds } from './expression.js';
import { LIMIT, cost } from './cost.js';
import { OTHER, rowOf } from './form.js';
import { localTime } from './moment.js';
import { problemsOf } from './problems.js';
import { noteRepeated } from './unique.js';
import { fault, valueFault } from './values.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./form.js').Texts} Texts
 * @typedef {import('./form.js').Choice} Choice
 * @typedef {import('./coercion.js').Value} Value
 * @typedef {import('./expression.js').Context} Context
 * @typedef {import('./values.js').Fault} Fault
 * @typedef {Record<string, any>} Answers
 * @typedef {{repeat: Field, row: Answers, number: number}} RowAt
 * @typedef {{path: string, value: any, holder: Answers, rows: RowAt[]}} Place
 * @typedef {import('./problems.js').Problem} Problem
 * @typedef {import('./problems.js').Catalogue} Catalogue
 * @typedef {{answers: Answers, problems: Problem[], relevant: Map<string, boolean>, required: Map<string, boolean>,
 *   readonly: Map<string, boolean>, stored: Map<string, any>}} Judgement paths are the record's, with rows; `stored` has
 *   what the calculations came to that run on the tablet alone, null where they came to nothing
 * @typedef {(kind: string) => readonly Record<string, any>[]} Entities what a tablet knows of a kind of entity
 */

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const MAX_ROWS = 5_000;
/** Else calculations that repeat each other's texts could fill the memory. */
const COMPUTED_LENGTH = 10_000;
const ROW_MARK = 'row';
const UNDEMANDING = new Set(['draft', 'withdrawn']);

/**
 * @param {Form} form
 * @param {Answers} values nested as answers are; they are not changed
 * @param {{state: string, now: number, messages?: Catalogue, entities?: Entities}} options `now` in milliseconds since 1970; with `messages`,
 *   every problem says its sentence, else only those whose form has one of its own; with `entities`, which a tablet has
 *   while somebody fills, the calculations run that ask for the time or look entities up
 * @returns {Judgement}
 */
export function judge(form, values, { state, now, messages = {}, entities }) {
  const settled = settle(form, values, now, entities);
  const { faults } = settled;
  /** @type {Map<string, boolean>} */
  const required = new Map();
  /** @type {Map<string, boolean>} */
  const readonly = new Map();
  for (const field of form.walk()) {
    if (field.type === 'group' || field.type === 'note') continue;
    for (const place of settled.places(field)) {
      if (settled.irrelevant.has(place.path)) continue;
      const asked = settled.isBegun && isAsked(field.required, settled, field, place);
      required.set(place.path, asked);
      readonly.set(place.path, settled.isBegun && isAsked(field.readonly, settled, field, place));
      const found = faults.get(place.path) ?? placeFault(field, place, settled, asked && !UNDEMANDING.has(state), state);
      if (found) faults.set(place.path, found);
    }
  }
  for (const field of form.walk()) if (field.unique) noteRepeated(field, settled);
  return { answers: settled.answers, problems: problemsOf(form, faults, messages), relevant: relevance(form, settled), required, readonly, stored: settled.stored };
}

/** @param {Field['required']} condition @param {Settled} settled @param {Field} field @param {Place} place */
function isAsked(condition, settled, field, place) {
  return typeof condition === 'object' ? holds(condition.tree, settled.context(field, place)) : condition;
}

/** @param {Field} field @param {Place} place @param {Settled} settled @param {boolean} demanded @param {string} state @returns {Fault | null} */
function placeFault(field, place, settled, demanded, state) {
  if (!settled.isBegun) return field.type === 'repeat' || place.value === undefined ? null : valueFault(field, place.value);
  if (field.type === 'repeat') return rowsFault(field, place, !UNDEMANDING.has(state));
  if (place.value === undefined) return demanded ? fault('required') : null;
  const wrong = valueFault(field, place.value);
  if (wrong) return wrong;
  if (field.constraint && !holds(field.constraint.tree, settled.context(field, place))) return fault('constraint');
  return field.choice_filter && field.choices.length ? choiceFault(field, place, settled) : null;
}

/** A choice that the filter does not offer, as things stand. @param {Field} field @param {Place} place @param {Settled} settled */
function choiceFault(field, place, settled) {
  const names = offered(field, place, settled).map(({ name }) => name);
  const refused = [place.value].flat().find((each) => !names.includes(each));
  return refused === undefined ? null : fault('not_a_choice', { value: refused });
}

/** @param {Field} field @param {Place} place @param {Settled} settled @returns {Choice[]} */
function offered(field, place, settled) {
  const tree = field.choice_filter?.tree;
  if (!tree) return field.choices;
  const context = settled.context(field, place);
  return field.choices.filter((choice) => (field.other && choice.name === OTHER) || holds(tree, { ...context, item: rowOf(choice) }));
}

/** @param {Field} field @param {Place} place @param {boolean} demanding */
function rowsFault(field, place, demanding) {
  const count = place.value?.length ?? 0;
  if (demanding && count < field.min_rows) return fault('min_rows', { min: field.min_rows });
  return field.max_rows !== null && count > field.max_rows ? fault('max_rows', { max: field.max_rows }) : null;
}

/** @param {Form} form @param {Settled} settled */
function relevance(form, settled) {
  /** @type {Map<string, boolean>} */
  const relevant = new Map();
  for (const field of form.walk()) {
    for (const place of settled.places(field)) relevant.set(place.path, !settled.irrelevant.has(place.path));
  }
  return relevant;
}

/**
 * The choices that a select offers at a path, by its `choice_filter`.
 * @param {Form} form @param {Field} field @param {Answers} values @param {{path: string, now: number}} where @returns {Choice[]}
 */
export function choicesFor(form, field, values, { path, now }) {
  if (!field.choice_filter) return field.choices;
  const settled = settle(form, values, now);
  const place = settled.places(field).find((each) => each.path === path);
  return place ? offered(field, place, settled) : field.choices;
}

/**
 * Whether an entity is offered at a path, by the field's `choice_filter`.
 * @param {Form} form @param {Field} field @param {Answers} values @param {{path: string, now: number}} where
 * @returns {(entity: Record<string, any>) => boolean}
 */
export function entityFilter(form, field, values, { path, now }) {
  const tree = field.choice_filter?.tree;
  const settled = tree && settle(form, values, now);
  const place = settled && settled.places(field).find((each) => each.path === path);
  if (!tree || !place) return () => true;
  const context = settled.context(field, place);
  return (item) => holds(tree, { ...context, item });
}

/** A record's answers, with what was found on the way. */
class Settled {
  /** @param {Form} form @param {Answers} answers @param {Map<string, Fault>} faults @param {number} now @param {Entities} [entities] */
  constructor(form, answers, faults, now, entities) {
    this.form = form;
    this.answers = answers;
    this.faults = faults;
    /** @type {Set<string>} */
    this.irrelevant = new Set();
    /** Not where its expressions cost too much. */
    this.isBegun = true;
    this.entities = entities;
    /** @type {Map<string, any>} */
    this.stored = new Map();
    /** @type {Map<string, {path: string, holder: Answers, rows: RowAt[]}[]>} */
    this.held = new Map();
    this.moment = localTime(now, form.timezone);
  }

  /** Where a field stands now: once, or once in each row. Not below what is irrelevant. @param {Field} field @returns {Place[]} */
  places(field) {
    return this.holders(field.parent).map(({ path, holder, rows }) => ({ path: `${path}/${field.name}`, value: holder[field.name], holder, rows }));
  }

  /** @param {Field | null} parent @returns {{path: string, holder: Answers, rows: RowAt[]}[]} */
  holders(parent) {
    if (parent === null) return [{ path: '', holder: this.answers, rows: [] }];
    const known = this.held.get(parent.path);
    if (known) return known;
    const found = this.findHolders(parent);
    this.held.set(parent.path, found);
    return found;
  }

  /** A field is irrelevant here: it, and all below it, counts for nothing. @param {Field} field @param {Place} place */
  drop(field, place) {
    this.irrelevant.add(place.path);
    delete place.holder[field.name];
    if (field.fields.length) this.held.clear();
  }

  /** @param {Field} parent @returns {{path: string, holder: Answers, rows: RowAt[]}[]} */
  findHolders(parent) {
    return this.holders(parent.parent).flatMap(({ path, holder, rows }) => {
      const place = `${path}/${parent.name}`;
      if (this.irrelevant.has(place)) return [];
      if (parent.type === 'group') return [{ path: place, holder: holder[parent.name] ?? {}, rows }];
      const below = /** @type {Answers[]} */ (holder[parent.name] ?? []);
      return below.map((row, index) => ({ path: `${place}/${row._row}`, holder: row, rows: [...rows, { repeat: parent, row, number: index + 1 }] }));
    });
  }

  /** What an expression of this field may read at this place. @param {Field} field @param {Place} place @returns {Context} */
  context(field, place) {
    return {
      resolve: (path) => this.resolve(path, place.rows),
      at: (path, rows) => this.at(path, rows),
      self: fromAnswer(place.value),
      position: place.rows.at(-1)?.number ?? 0,
      now: this.moment,
      today: this.moment.slice(0, 10),
      rows: (list) => this.rows(list),
    };
  }

  /** @param {string} list */
  rows(list) {
    return this.form.lists[list]?.map(rowOf) ?? this.entities?.(list) ?? [];
  }

  /** The value at a schema path: in the same row where there is one, else all of them as a list. @param {string} path @param {RowAt[]} rows @returns {Value} */
  resolve(path, rows) {
    const within = rows.filter(({ repeat }) => path.startsWith(`${repeat.path}/`)).at(-1);
    const prefix = within?.repeat.path ?? '';
    return this.read(prefix, [within?.row ?? this.answers], path.slice(prefix.length + 1).split('/'));
  }

  /** The value at a schema path in the rows of these numbers; empty where there is none. @param {string} path @param {Map<string, number>} rows @returns {Value} */
  at(path, rows) {
    let [holder, prefix] = [/** @type {any} */ (this.answers), ''];
    for (const name of path.split('/').slice(1)) {
      prefix = `${prefix}/${name}`;
      holder = holder?.[name];
      if (this.form.byPath.get(prefix)?.type === 'repeat') holder = holder?.[Math.trunc(rows.get(prefix) ?? NaN) - 1];
    }
    return fromAnswer(holder);
  }

  /** @param {string} prefix @param {Answers[]} holders @param {string[]} names @returns {Value} */
  read(prefix, holders, names) {
    let many = false;
    for (const [depth, name] of names.entries()) {
      prefix = `${prefix}/${name}`;
      const last = depth === names.length - 1;
      const type = this.form.byPath.get(prefix)?.type;
      if (type === 'repeat') {
        holders = holders.flatMap((holder) => holder[name] ?? []);
        many = true;
        if (last) return holders.map(() => ROW_MARK);
      } else if (!last || type === 'group') {
        holders = holders.map((holder) => holder[name] ?? {});
      } else {
        const found = holders.map((holder) => fromAnswer(holder[name]));
        return many ? /** @type {Value} */ (found) : found[0];
      }
    }
    return '';
  }
}

/** @param {Form} form @param {Answers} values @param {number} now @param {Entities} [entities] */
function settle(form, values, now, entities) {
  /** @type {Map<string, Fault>} */
  const faults = new Map();
  const settled = new Settled(form, shape(values, form.byName, '', faults), faults, now, entities);
  if (cost(form, settled.answers) > LIMIT) {
    settled.isBegun = false;
    faults.set('', fault('too_costly'));
  }
  for (const field of settled.isBegun ? order(form) : []) {
    for (const place of settled.places(field)) settlePlace(settled, field, place);
  }
  dropEmpty(settled.answers, form.byName);
  return settled;
}

/** @param {Settled} settled @param {Field} field @param {Place} place */
function settlePlace(settled, field, place) {
  if (field.relevant && !holds(field.relevant.tree, settled.context(field, place))) {
    settled.drop(field, place);
  } else if (field.calculate && (!field.is_stored || settled.entities)) {
    const found = normal(evaluate(field.calculate.tree, settled.context(field, place)), field.value || field.type);
    const isLong = typeof found === 'string' && found.length > COMPUTED_LENGTH && [...found].length > COMPUTED_LENGTH;
    const computed = isLong ? undefined : found;
    if (isLong) settled.faults.set(place.path, fault('too_long', { max: COMPUTED_LENGTH }));
    if (computed === undefined) delete place.holder[field.name];
    else place.holder[field.name] = computed;
    if (field.is_stored) settled.stored.set(place.path, computed ?? null);
  }
}

/** What a calculation came to, in the normal form of its type. @param {Value} value @param {string} kind */
function normal(value, kind) {
  if (kind === 'boolean') return toTruth(value);
  if (kind !== 'integer' && kind !== 'decimal') return toText(value) || undefined;
  if (value === '') return undefined;
  const number = toNumber(value);
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) return undefined;
  return kind === 'integer' ? halvesUp(number) + 0 : plainDecimal(toText(number));
}

/** A decimal without exponent, as short as it can be without losing anything. @param {string} text */
function plainDecimal(text) {
  const [digits, zeros] = text.split('e-');
  if (!zeros) return text;
  const sign = digits.startsWith('-') ? '-' : '';
  return `${sign}0.${'0'.repeat(Number(zeros) - 1)}${digits.replace(/[-.]/g, '')}`;
}

/** @type {WeakMap<Form, Field[]>} */
const orders = new WeakMap();

/** The fields that have a relevance or a calculation, each after those that it reads. @param {Form} form @returns {Field[]} */
function order(form) {
  const known = orders.get(form);
  if (known) return known;
  /** @type {Map<string, Field>} */
  const found = new Map();
  const visit = (/** @type {string} */ path) => {
    const field = form.byPath.get(path);
    if (!field || found.has(path)) return;
    for (const needed of [...reads(field)].sort()) visit(needed);
    found.set(path, field);
  };
  for (const field of form.walk()) visit(field.path);
  const ordered = [...found.values()].filter((field) => field.relevant || field.calculate);
  orders.set(form, ordered);
  return ordered;
}

/** @param {Field} field */
function reads(field) {
  const paths = new Set(field.parent ? [field.parent.path] : []);
  const collect = (/** @type {import('./form.js').Tree} */ tree) => {
    if (tree.ref) paths.add(tree.ref);
    tree.args?.forEach(collect);
  };
  for (const expression of [field.relevant, field.calculate]) if (expression) collect(expression.tree);
  return paths;
}

/** @param {any} values @param {Map<string, Field>} questions @param {string} prefix @param {Map<string, Fault>} faults @returns {Answers} */
function shape(values, questions, prefix, faults) {
  const given = isObject(values) ? values : {};
  for (const name of Object.keys(given)) {
    const field = questions.get(name);
    if (name !== '_row' && !isEmpty(given[name]) && (!field || field.type === 'note')) faults.set(`${prefix}/${name}`, fault('unknown_field'));
  }
  /** @type {Answers} */
  const shaped = {};
  for (const [name, field] of questions) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const path = `${prefix}/${name}`;
    if (field.type === 'group') shaped[name] = shapeGroup(value, field, path, faults);
    else if (field.type === 'repeat' && !isEmpty(value)) shaped[name] = shapeRows(value, field, path, faults);
    else if (field.type !== 'note' && field.type !== 'repeat' && (!field.calculate || field.is_stored) && !isEmpty(value)) shaped[name] = value;
  }
  return shaped;
}

/** @param {any} value @param {Field} field @param {string} path @param {Map<string, Fault>} faults */
function shapeGroup(value, field, path, faults) {
  if (!isEmpty(value) && !isObject(value)) faults.set(path, fault('not_group'));
  return shape(value, field.byName, path, faults);
}

/** @param {any} value @param {Field} field @param {string} path @param {Map<string, Fault>} faults */
function shapeRows(value, field, path, faults) {
  /** @type {Map<string, Answers>} */
  const rows = new Map();
  for (const row of Array.isArray(value) ? value : [null]) {
    const key = isObject(row) ? row._row : null;
    if (typeof key !== 'string' || !ULID.test(key) || rows.has(key) || rows.size >= MAX_ROWS) faults.set(path, fault('not_rows'));
    else rows.set(key, { _row: key, ...shape(row, field.byName, `${path}/${key}`, faults) });
  }
  return [...rows.keys()].sort().map((key) => /** @type {Answers} */ (rows.get(key)));
}

/** @param {any} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {any} value */
function isEmpty(value) {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** @param {Answers} answers @param {Map<string, Field>} questions */
function dropEmpty(answers, questions) {
  for (const [name, field] of questions) {
    const value = answers[name];
    if (field.type === 'group' && value !== undefined) dropEmpty(value, field.byName);
    if (field.type === 'repeat') for (const row of value ?? []) dropEmpty(row, field.byName);
    if (isEmpty(value)) delete answers[name];
  }
}
