/** Where the fields of a form stand in a record, and what their expressions read from there; the twin of schemas/standing.py. */

import { fromAnswer } from './coercion.js';
import { rowOf } from './form.js';
import { Register } from './register.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./coercion.js').Value} Value
 * @typedef {import('./expression.js').Context} Context
 * @typedef {import('./shape.js').Answers} Answers
 * @typedef {(kind: string) => Register} Entities what a tablet knows of a kind of entity: the same one until it is another
 * @typedef {{repeat: Field, row: Answers, number: number, path: string}} RowAt
 * @typedef {object} Holder one instance of what fields stand in: the record itself, a group, or a row
 * @property {string} path the record's path to it
 * @property {Answers} own the settled answers in it
 * @property {Answers} entered what was entered there, relevant or not
 * @property {readonly RowAt[]} rows that it stands in, outermost first
 * @property {number} born the turn in which it came to be
 */

const ROW_MARK = 'row';

/** The answers that are being judged, and all else that expressions read. */
export class Standing {
  /** @param {Form} form @param {Answers} answers @param {Entities | undefined} entities */
  constructor(form, answers, entities) {
    this.form = form;
    this.answers = answers;
    this.entities = entities;
    /** @type {Map<string, Register>} */
    this.lists = new Map(Object.entries(form.lists).map(([name, choices]) => [name, new Register(choices.map(rowOf))]));
    /** An RFC 3339 time in the form's zone. */
    this.moment = '';
  }

  /** What an expression may read here. @param {Holder} holder @param {unknown} self what `.` means @returns {Context} */
  context(holder, self) {
    return {
      resolve: (path) => this.#resolve(path, holder.rows),
      at: (path, rows) => this.#at(path, rows),
      self: fromAnswer(self),
      position: holder.rows.at(-1)?.number ?? 0,
      now: this.moment,
      today: this.moment.slice(0, 10),
      register: (list) => this.#register(list),
    };
  }

  /** A list of the form, or the entities of a kind. @param {string} list */
  #register(list) {
    return this.lists.get(list) ?? this.entities?.(list);
  }

  /** The value at a schema path: in the same row where there is one, else all of them as a list. @param {string} path @param {readonly RowAt[]} rows @returns {Value} */
  #resolve(path, rows) {
    const within = rows.findLast(({ repeat }) => path.startsWith(`${repeat.path}/`));
    const prefix = within?.repeat.path ?? '';
    return this.#read(prefix, [within?.row ?? this.answers], path.slice(prefix.length + 1).split('/'));
  }

  /** The value at a schema path in the rows of these numbers; empty where there is none. @param {string} path @param {Map<string, number>} rows @returns {Value} */
  #at(path, rows) {
    let [node, prefix] = [/** @type {any} */ (this.answers), ''];
    for (const name of path.split('/').slice(1)) {
      prefix = `${prefix}/${name}`;
      node = node?.[name];
      if (this.form.byPath.get(prefix)?.type === 'repeat') node = node?.[Math.trunc(rows.get(prefix) ?? NaN) - 1];
    }
    return fromAnswer(node);
  }

  /** @param {string} prefix @param {Answers[]} nodes @param {string[]} names @returns {Value} */
  #read(prefix, nodes, names) {
    let many = false;
    for (const [depth, name] of names.entries()) {
      prefix = `${prefix}/${name}`;
      const last = depth === names.length - 1;
      const type = this.form.byPath.get(prefix)?.type;
      if (type === 'repeat') {
        nodes = nodes.flatMap((node) => node[name] ?? []);
        many = true;
        if (last) return nodes.map(() => ROW_MARK);
      } else if (!last || type === 'group') {
        nodes = nodes.map((node) => node[name] ?? {});
      } else {
        const found = nodes.map((node) => fromAnswer(node[name]));
        return many ? /** @type {Value} */ (found) : found[0];
      }
    }
    return '';
  }
}
