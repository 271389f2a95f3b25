/** How much work a record's expressions are at most, known before any of them runs; the twin of schemas/cost.py. */

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./form.js').Tree} Tree
 * @typedef {Map<string, number>} Work steps by the repeats whose numbers of rows are multiplied
 */

export const LIMIT = 20_000_000;
const EXPRESSIONS = /** @type {const} */ (['required', 'readonly', 'relevant', 'constraint', 'calculate', 'choice_filter', 'row_count']);
const COMPARISONS = new Set(['=', '!=', '<', '<=', '>', '>=']);
const PASSES_LISTS = new Set(['if', 'once', 'coalesce']);
/** What no path has in it. */
const BY = '*';

/** @type {WeakMap<Form, [string[], number][]>} */
const known = new WeakMap();

/** The steps that a record's expressions take at most. @param {Form} form @param {Record<string, any>} answers in the form's shape */
export function cost(form, answers) {
  const terms = known.get(form) ?? termsOf(form);
  known.set(form, terms);
  const rows = terms.some(([term]) => term.length) ? rowsOf(form, answers) : new Map();
  return terms.reduce((total, [term, steps]) => total + term.reduce((product, repeat) => product * rows.get(repeat), steps), 0);
}

/** How many rows each repeat has in all. @param {Form} form @param {Record<string, any>} answers */
function rowsOf(form, answers) {
  /** @type {Map<string, number>} */
  const found = new Map(form.walk().map(({ path }) => [path, 0]));
  /** @type {[readonly Field[], Record<string, any>][]} */
  const todo = [[form.fields, answers]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [fields, values] = next;
    for (const field of fields) {
      const below = field.fields.length ? values[field.name] : undefined;
      if (below === undefined) continue;
      const rows = field.type === 'repeat' ? below : [below];
      found.set(field.path, (found.get(field.path) ?? 0) + rows.length);
      for (const row of rows) todo.push([field.fields, row]);
    }
  }
  return found;
}

/** @param {Form} form @returns {[string[], number][]} */
function termsOf(form) {
  /** @type {Work} */
  const total = new Map();
  for (const field of form.walk()) {
    const around = aroundOf(field);
    for (const name of EXPRESSIONS) {
      const found = field[name];
      if (!found || typeof found !== 'object') continue;
      const times = name === 'choice_filter' ? Math.max(1, field.choices.length) : 1;
      for (const [term, steps] of workOf(found.tree, form, around)) add(total, [...around.slice(0, 1), ...split(term)], steps * times);
    }
  }
  return [...total].map(([term, steps]) => [split(term), steps]);
}

/** @param {string} term */
const split = (term) => (term ? term.split(BY) : []);

/** @param {Work} work @param {string[]} term @param {number} steps */
function add(work, term, steps) {
  const key = [...term].sort().join(BY);
  work.set(key, (work.get(key) ?? 0) + steps);
}

/** The repeats that a field stands in, innermost first. @param {Field} field */
function aroundOf(field) {
  /** @type {string[]} */
  const found = [];
  for (let above = field.parent; above; above = above.parent) if (above.type === 'repeat') found.push(above.path);
  return found;
}

/** The steps of running an expression once. @param {Tree} tree @param {Form} form @param {string[]} around @returns {Work} */
function workOf(tree, form, around) {
  const size = (/** @type {Tree} */ part) => sizeOf(part, form, around);
  /** @type {Work} */
  const found = new Map([['', 1]]);
  for (const arg of tree.args ?? []) for (const [term, steps] of workOf(arg, form, around)) add(found, split(term), steps);
  if (tree.lookup !== undefined) {
    const rows = Math.max(1, form.lists[tree.lookup]?.length ?? 0);
    return new Map([...found].map(([term, steps]) => [term, steps * rows]));
  }
  if (COMPARISONS.has(String(tree.call))) add(found, (tree.args ?? []).flatMap(size), 1);
  else if (tree.args || tree.ref !== undefined) for (const part of tree.args ?? [tree]) add(found, size(part), 1);
  return found;
}

/** What the value of an expression is a list of. @param {Tree} tree @param {Form} form @param {string[]} around @returns {string[]} */
function sizeOf(tree, form, around) {
  if (tree.ref !== undefined) {
    const field = /** @type {Field} */ (form.byPath.get(tree.ref));
    const repeats = field.type === 'repeat' ? [field.path] : aroundOf(field);
    return repeats.slice(0, 1).filter((repeat) => !around.includes(repeat));
  }
  if (!PASSES_LISTS.has(String(tree.call))) return [];
  return [...new Set((tree.args ?? []).flatMap((arg) => sizeOf(arg, form, around)))];
}
