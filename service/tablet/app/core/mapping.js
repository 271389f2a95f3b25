/**
 * How what older versions of a form hold is read by a newer one; the twin of schemas/mapping.py and sync/reading.py.
 * tests/vectors/merge.json holds both to the same outcomes.
 */

import { byCodePoint, isRow } from './heads.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {{version: number, moved?: Record<string, string>, choices?: Record<string, Record<string, string>>,
 *   converted?: Record<string, string>}} Step what has to be done to what versions before `version` hold
 */

const ROW = /\/[0-9A-HJKMNP-TV-Z]{26}(?=\/|$)/g;
const WHOLE = /^-?[0-9]{1,16}(\.0+)?$/;
const DECIMAL = /^-?[0-9]+(\.[0-9]+)?$/;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T/;

/** @template T @param {Record<string, T> | undefined} map @param {string} key @returns {T | undefined} */
const own = (map, key) => (map && Object.hasOwn(map, key) ? map[key] : undefined);
/** A path of a record without its rows. @param {string} path */
const schemaOf = (path) => path.replace(ROW, '');

/** Where a field stands after a step; what is below a group or repeat goes with it. @param {Step} step @param {string} path */
function schemaPath({ moved }, path) {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const found = own(moved, path.slice(0, end));
    if (found !== undefined) return found + path.slice(end);
  }
  return path;
}

/** The same for a record's path: each row stays in what its repeat became. @param {Step} step @param {string} path */
function recordPath(step, path) {
  let moved = schemaPath(step, schemaOf(path));
  for (const row of [...path.matchAll(ROW)].reverse()) {
    const repeat = schemaPath(step, schemaOf(path.slice(0, row.index)));
    if (!`${schemaOf(moved)}/`.startsWith(`${repeat}/`)) return path;
    moved = repeat + row[0] + moved.slice(repeat.length);
  }
  return moved;
}

/** A value that is not made of others, as text. @param {any} value */
const textOf = (value) => (['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null);
/** @param {any} value */
const areTexts = (value) => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** @param {any} value @param {Record<string, string>} names @returns {any} */
function chosen(value, names) {
  if (Array.isArray(value)) return areTexts(value) ? [...new Set(value.map((item) => chosen(item, names)))] : value;
  return own(names, textOf(value) ?? '') ?? value;
}

/** A value in the normal form of another type; as it is where it has none there. @param {any} value @param {string} kind */
function converted(value, kind) {
  const text = textOf(value);
  if (text === null) return joined(value, kind);
  switch (kind) {
    case 'integer': return WHOLE.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) + 0 : value;
    case 'decimal': return DECIMAL.test(text) ? text : value;
    case 'boolean': return text === 'true' ? true : text === 'false' ? false : value;
    case 'date': return MOMENT.test(text) ? text.slice(0, 10) : value;
    case 'select_many': return [text];
    default: return text;
  }
}

/** A list of texts as one text. @param {any} value @param {string} kind */
function joined(value, kind) {
  if (!areTexts(value) || !value.length) return value;
  if (kind === 'text') return value.join(' ');
  return kind === 'select_one' && value.length === 1 ? value[0] : value;
}

/** @param {Step} step @param {string} path @param {any} value */
function mappedValue(step, path, value) {
  if (value === null || isRow(path)) return value;
  const schema = schemaOf(path);
  const names = own(step.choices, schema);
  const kind = own(step.converted, schema);
  const found = names ? chosen(value, names) : value;
  return kind ? converted(found, kind) : found;
}

/** @param {Edit} edit @param {Step} step @returns {Edit} */
function passed(edit, step) {
  const at = (/** @type {string} */ path) => recordPath(step, path);
  /** @type {Record<string, any>} */
  const set = Object.create(null);
  // What moved to a place prevails over what an edit has there that should not be.
  for (const stays of [true, false]) {
    for (const path of Object.keys(edit.set).sort(byCodePoint)) {
      if ((at(path) === path) === stays) set[at(path)] = mappedValue(step, at(path), edit.set[path]);
    }
  }
  /** @type {Record<string, string[]>} */
  const seen = Object.create(null);
  for (const [path, ids] of Object.entries(edit.seen)) seen[at(path)] = [...(seen[at(path)] ?? []), ...ids];
  return { ...edit, set, unset: edit.unset.map(at), seen };
}

/**
 * The edits with the paths and values that a form version has for them. What an edit has replaced is read alike, so that
 * an old edit and a new one of one field still know of each other, and collide where they do not.
 * @param {Edit[]} edits @param {{mapping?: Step[]} | null} form @returns {Edit[]}
 */
export function readBy(edits, form) {
  const steps = form?.mapping ?? [];
  if (!steps.length) return edits;
  return edits.map((edit) => steps.filter(({ version }) => version > edit.version).reduce(passed, edit));
}
