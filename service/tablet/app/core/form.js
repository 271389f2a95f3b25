/** Published forms, parsed; the twin of schemas/form.py. The definition is trusted: it was checked when it was published. */

/**
 * @typedef {Record<string, string>} Texts a text per language
 * @typedef {{lit?: any, ref?: string, self?: boolean, parent?: boolean, call?: string, args?: Tree[],
 *   last?: string, item?: string, lookup?: string, take?: string, entities?: boolean}} Tree
 * @typedef {{text: string, tree: Tree}} Expression
 * @typedef {{name: string, label: Texts, media?: Media, [property: string]: any}} Choice
 * @typedef {Record<string, Texts>} Media names of files, by kind and language
 * @typedef {{name: string, type: string, path: string, label: Texts, parent: Field | null, hint: Texts, media: Media, message: Texts, required_message: Texts,
 *   row_label: Texts, required: boolean | Expression, readonly: boolean | Expression, relevant: Expression | null,
 *   constraint: Expression | null, calculate: Expression | null, choice_filter: Expression | null, default: any,
 *   choices: Choice[], entity: string, merge: string, value: string, appearance: string, unique: boolean, max_length: number | null,
 *   min: number | string | null, max: number | string | null, places: number | null, max_files: number,
 *   min_rows: number, max_rows: number | null, row_count: Expression | null, fields: Field[], byName: Map<string, Field>, other: boolean, trigger: string[], is_stored: boolean, is_shown: boolean}} Field
 *   `is_stored`: its calculation runs on the tablet alone: it asks for the time, looks an entity up, or waits for its trigger;
 *   `is_shown`: its value is worked out, and nobody fills it
 */

const ROW = /\/[0-9A-HJKMNP-TV-Z]{26}(?=\/|$)/g;

export const OTHER = 'other';

const DEFAULTS = {
  label: {}, hint: {}, media: {}, message: {}, required_message: {}, row_label: {}, required: false, readonly: false, relevant: null, constraint: null,
  calculate: null, choice_filter: null, default: null, entity: '', merge: 'ask', value: '', appearance: '',
  unique: false, trigger: [], max_length: null, min: null, max: null, places: null, max_files: 5, min_rows: 0, max_rows: null, row_count: null,
};

/** A form version. */
export class Form {
  /** @param {any} definition */
  constructor(definition) {
    this.definition = definition;
    /** @type {string} */
    this.id = definition.form;
    /** @type {number} */
    this.version = definition.version;
    /** @type {Texts} */
    this.title = definition.title;
    /** @type {string[]} */
    this.languages = definition.languages;
    /** @type {string} */
    this.timezone = definition.timezone ?? 'Asia/Shanghai';
    /** @type {string[]} */
    this.identity = definition.identity ?? [];
    /** @type {string[]} */
    this.summary = definition.summary ?? [];
    /** @type {Record<string, Choice[]>} */
    this.lists = definition.lists ?? {};
    /** @type {import('./mapping.js').Step[]} */
    this.mapping = definition.mapping ?? [];
    this.fields = this.#fields(definition.fields, null);
    this.byName = byName(this.fields);
    /** @type {(field: Field) => Field[]} */
    const below = (field) => [field, ...field.fields.flatMap(below)];
    /** Every field, in the order of the form. @type {readonly Field[]} */
    this.all = this.fields.flatMap(below);
    this.byPath = new Map(this.all.map((field) => [field.path, field]));
    this.position = new Map(this.all.map((field, number) => [field.path, number]));
  }

  /** @param {any[]} entries @param {Field | null} parent @returns {Field[]} */
  #fields(entries, parent) {
    return entries.flatMap((entry) => (entry.other ? [entry, specify(entry, parent)] : [entry])).map((entry) => this.#field(entry, parent));
  }

  /** @param {any} entry @param {Field | null} parent @returns {Field} */
  #field(entry, parent) {
    /** @type {Field} */
    const field = {
      ...DEFAULTS, ...entry, parent, path: `${parent?.path ?? ''}/${entry.name}`, fields: [], byName: new Map(),
      is_stored: isStored(entry), is_shown: Boolean(entry.calculate) && !(entry.trigger && isFilled(entry)),
      choices: withOther(choicesOf(entry, this.lists), entry.other), other: Boolean(entry.other),
      entity: entry.choices?.entity ?? entry.entity ?? '',
    };
    field.fields = this.#fields(entry.fields ?? [], field);
    field.byName = byName(field.fields);
    return field;
  }

  /** Every field, in the order of the form. @returns {readonly Field[]} */
  walk() {
    return this.all;
  }

  /** The field that a path means: a schema path, or a record's path with rows named by their ULIDs. @param {string} path */
  field(path) {
    return this.byPath.get(path) ?? this.byPath.get(path.replace(ROW, '')) ?? null;
  }
}

/** The choices that stand in a definition: none where entities are chosen from. @param {any} entry @param {Record<string, Choice[]>} lists @returns {Choice[]} */
const choicesOf = ({ choices }, lists) => (Array.isArray(choices) ? choices : lists[choices?.list] ?? []);

/** The choice "other" of a select that takes something else. @param {Choice[]} choices @param {{label: Texts} | undefined} other */
const withOther = (choices, other) => (!other || choices.some(({ name }) => name === OTHER) ? choices : [...choices, { name: OTHER, label: other.label }]);

/** The text beside such a select, where people say what else; as schemas/specify.py has it. @param {any} entry @param {Field | null} parent */
function specify(entry, parent) {
  const tree = { call: 'selected', args: [{ ref: `${parent?.path ?? ''}/${entry.name}` }, { lit: OTHER }] };
  return {
    name: `${entry.name}_${OTHER}`, type: 'text', label: entry.other.specify, required: true, readonly: entry.readonly ?? false,
    relevant: { text: '', tree }, max_length: 200, appearance: 'specify', merge: entry.merge === 'latest' ? 'latest' : 'ask',
  };
}

/** @param {any} entry */
const isStored = (entry) => Boolean(entry.trigger) || (entry.calculate ? nodes(entry.calculate.tree).some((node) => node.call === 'today' || node.call === 'now' || node.entities === true) : false);

/** @param {any} entry */
const isFilled = ({ type }) => type !== 'calculate' && type !== 'score';

/** A tree and every tree in it. @param {Tree} tree @returns {Tree[]} */
export const nodes = (tree) => [tree, ...(tree.args ?? []).flatMap(nodes)];

/** The kinds of entities that a form's choices are. @param {Form} form @returns {string[]} */
export const offered = (form) => form.walk().flatMap(({ entity }) => (entity ? [entity] : []));

/** The kinds of entities that choices of a form are filtered from. @param {Form} form */
export const filtered = (form) => form.walk().filter(({ entity, choice_filter }) => entity && choice_filter).map(({ entity }) => entity);

/** The kinds of entities that a form's calculations look up. @param {Form} form */
export function lookedUp(form) {
  const trees = form.walk().flatMap((field) => (field.calculate ? nodes(field.calculate.tree) : []));
  return [...new Set(trees.filter((node) => node.entities).map((node) => String(node.lookup)))];
}

/** What `choice_filter` and lookups see of a choice. @param {Choice} choice @returns {Record<string, any>} */
export const rowOf = ({ label, media, ...choice }) => ({ label: Object.values(label)[0] ?? '', ...choice });

/** @param {Field[]} fields */
function byName(fields) {
  return new Map(fields.map((field) => [field.name, field]));
}

/** @param {any} definition a published definition @returns {Form} */
export function parseForm(definition) {
  return new Form(definition);
}
