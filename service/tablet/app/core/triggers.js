/**
 * Fields that are emptied, or worked out anew, when another one changes. This happens on the tablet alone, while somebody
 * fills; what comes of it is an answer like any other and travels in the edit.
 */

import { answerOf } from './answer.js';
import { evaluate } from './expression.js';

export class Triggers {
  #settled;
  #fields;
  /** What the triggers of a field were the last time, by the field's path in the record. @type {Map<string, string>} */
  #before = new Map();

  /** @param {import('./settle.js').Settled} settled */
  constructor(settled) {
    this.#settled = settled;
    this.#fields = settled.form.walk().filter(({ trigger }) => trigger.length);
  }

  /** Look at the triggers again: the values that fields have to take for it, by path; undefined: none. @returns {Map<string, any>} */
  fired() {
    const [values, seen] = [new Map(), new Map()];
    for (const field of this.#settled.isBegun ? this.#fields : []) {
      for (const holder of this.#settled.holders(field.parent)) {
        const path = `${holder.path}/${field.name}`;
        const context = this.#settled.standing.context(holder, holder.entered[field.name]);
        const [before, now] = [this.#before.get(path), JSON.stringify(field.trigger.map(context.resolve))];
        // A row that is new, and a draft that is opened again, changes nothing.
        if (before !== undefined && before !== now) values.set(path, valueOf(field, context));
        seen.set(path, now);
      }
    }
    this.#before = seen;
    return values;
  }
}

/** @param {import('./form.js').Field} field @param {import('./expression.js').Context} context */
const valueOf = (field, context) => (field.calculate ? answerOf(field.value || field.type, evaluate(field.calculate.tree, context)) : undefined);
