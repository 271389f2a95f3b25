/**
 * The verdict on a record's answers; the twin of schemas/answers.py. tests/vectors/answers.json holds both to the same
 * verdicts, tests/schemas/test_twins.py a verdict that follows changes to one that is made anew.
 */

import { Demands } from './demands.js';
import { problemsOf } from './problems.js';
import { Settled } from './settle.js';
import { filled } from './shape.js';
import { Triggers } from './triggers.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./shape.js').Answers} Answers
 * @typedef {import('./standing.js').Entities} Entities
 * @typedef {import('./problems.js').Problem} Problem
 * @typedef {import('./problems.js').Catalogue} Catalogue
 */

/** A verdict that follows what is entered: after each change, only what depends on it is worked out anew. */
export class Judgement {
  #settled;
  #demands;
  #triggers;
  /** What fields have to take over because their triggers changed, by path. @type {ReadonlyMap<string, any>} */
  fired = new Map();
  #messages;
  /** @type {Answers | null} */
  #answers = null;
  /** @type {Problem[] | null} */
  #problems = null;
  /** @type {Map<string, Problem[]> | null} */
  #byPath = null;

  /**
   * @param {Form} form
   * @param {{state: string, messages?: Catalogue, entities?: Entities}} options with `messages`, every problem says its
   *   sentence, else only those whose form has one of its own; with `entities`, which a tablet has while somebody fills,
   *   the calculations run that ask for the time or look entities up
   */
  constructor(form, { state, messages = {}, entities }) {
    this.form = form;
    this.#settled = new Settled(form, entities);
    this.#demands = new Demands(this.#settled, state);
    this.#triggers = new Triggers(this.#settled);
    this.#messages = messages;
  }

  /**
   * Judge new values.
   * @param {Answers} values nested as answers are; they are not changed, and where they are as they were the last time
   *   they are the same objects
   * @param {number} now in milliseconds since 1970
   * @returns {ReadonlySet<string>} the paths where something may look otherwise than before
   */
  become(values, now) {
    this.#settled.become(values, now);
    this.#demands.look();
    this.fired = this.#triggers.fired();
    this.#answers = this.#problems = this.#byPath = null;
    return this.#settled.touched;
  }

  /** The answers: what is computed in them, what is irrelevant not. @returns {Answers} */
  get answers() {
    this.#answers ??= filled(this.#settled.root.own, this.form.fields);
    return this.#answers;
  }

  /** All that is wrong, in the order of the form. @returns {Problem[]} */
  get problems() {
    this.#problems ??= problemsOf(this.form, new Map([...this.#demands.faults, ...this.#settled.faults]), this.#messages);
    return this.#problems;
  }

  /** What is wrong at a path. @param {string} path @returns {Problem[]} */
  problemsAt(path) {
    this.#byPath ??= grouped(this.problems);
    return this.#byPath.get(path) ?? [];
  }

  /** What a computed field came to at a path. @param {Field} field @param {string} path */
  computedAt(field, path) {
    return this.#settled.holder(field.parent, path.slice(0, path.lastIndexOf('/')))?.own[field.name];
  }

  /** What the calculations came to that run on the tablet alone, by path; null where they came to nothing. @returns {ReadonlyMap<string, any>} */
  get stored() {
    return this.#settled.stored;
  }

  /** @param {string} path */
  isRelevant(path) {
    return !this.#settled.irrelevant.has(path);
  }

  /** @param {string} path */
  isRequired(path) {
    return this.#demands.required.get(path) === true;
  }

  /** @param {string} path */
  isReadonly(path) {
    return this.#demands.readonly.get(path) === true;
  }

  /** How many rows the repeats are to have that count them, by path. @returns {ReadonlyMap<string, number>} */
  get counted() {
    return this.#demands.counted;
  }

  /** The choices that a select offers at a path, by its `choice_filter`. @param {Field} field @param {string} path */
  offered(field, path) {
    return this.#demands.offered(field, path);
  }

  /** What lookups see of the entities that are offered at a path, by the field's `choice_filter`. @param {Field} field @param {string} path */
  offeredEntities(field, path) {
    return this.#demands.offeredEntities(field, path);
  }
}

/** The verdict on values that will not change. @param {Form} form @param {Answers} values @param {{state: string, now: number, messages?: Catalogue, entities?: Entities}} options @returns {Judgement} */
export function judge(form, values, { now, ...options }) {
  const judgement = new Judgement(form, options);
  judgement.become(values, now);
  return judgement;
}

/** @param {readonly Problem[]} problems */
function grouped(problems) {
  /** @type {Map<string, Problem[]>} */
  const byPath = new Map();
  for (const problem of problems) byPath.set(problem.path, [...(byPath.get(problem.path) ?? []), problem]);
  return byPath;
}
