/** One record on a tablet: what changed, and the edit that says so; the twin of sync/record.py. */

import { equal, union } from './edits.js';
import { isRow } from './heads.js';
import { fold } from './merge.js';
import { judge } from './judge.js';
import { STATE, WITHDRAWN, everythingSeen } from './state.js';
import { ulid } from './ulid.js';
import { parseAt } from './clock.js';

/**
 * @typedef {import('./edits.js').Edit} Edit
 * @typedef {import('./merge.js').Folded} Folded
 * @typedef {import('./form.js').Form} Form
 * @typedef {{_id: string, _rev?: string, type: 'record', form: string, version: number, team: string, task?: string,
 *   edits: any[], answers: Record<string, any>}} RecordDocument
 */

/**
 * A record without any edit yet.
 * @param {{id: string, form: Pick<Form, 'id' | 'version'>, team: string, task?: string}} what
 * @returns {RecordDocument}
 */
export function newRecord({ id, form, team, task }) {
  /** @type {RecordDocument} */
  const record = { _id: id, type: 'record', form: form.id, version: form.version, team, edits: [], answers: {} };
  return task ? { ...record, task } : record;
}

/**
 * What has to be set and unset so that `before` becomes `after`. A row that is gone is one path, not all below it.
 * @param {Record<string, any>} before @param {Record<string, any>} after nested answers @param {Form} form
 * @returns {{set: Record<string, any>, unset: string[]}}
 */
export function diff(before, after, form) {
  const [old, fresh] = [flatten(before, form), flatten(after, form)];
  /** @type {Record<string, any>} */
  const set = {};
  for (const [path, value] of fresh) if (!old.has(path) || !equal(old.get(path), value)) set[path] = value;
  const gone = [...old.keys()].filter((path) => !fresh.has(path));
  const rows = gone.filter(isRow);
  return { set, unset: gone.filter((path) => !rows.some((row) => path !== row && path.startsWith(`${row}/`))).sort() };
}

/** Nested answers as paths; a row counts as `{}`; what has no value is left out. @param {Record<string, any>} values @param {Form} form */
function flatten(values, form) {
  /** @type {Map<string, any>} */
  const flat = new Map();
  visit(values, '', form, flat);
  return flat;
}

/** @param {Record<string, any>} values @param {string} prefix @param {Form} form @param {Map<string, any>} flat */
function visit(values, prefix, form, flat) {
  for (const [key, value] of Object.entries(values)) {
    const path = `${prefix}/${key}`;
    const field = form.field(path);
    const type = field?.type;
    if (key === '_row' || type === 'note' || (field?.calculate && !field.is_stored)) continue;
    if (type === 'group' && value && typeof value === 'object') visit(value, path, form, flat);
    else if (type === 'repeat' && Array.isArray(value)) visitRows(value, path, form, flat);
    else if (!isEmpty(value)) flat.set(path, value);
  }
}

/** @param {any[]} rows @param {string} path @param {Form} form @param {Map<string, any>} flat */
function visitRows(rows, path, form, flat) {
  for (const row of rows) {
    flat.set(`${path}/${row._row}`, {});
    visit(row, `${path}/${row._row}`, form, flat);
  }
}

/** @param {any} value */
function isEmpty(value) {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/**
 * The next edit, not yet signed; `seen` names every head that it replaces. Taking a row away replaces those below it; a
 * withdrawal has seen the whole record.
 * @param {Folded} folded
 * @param {{set?: Record<string, any>, unset?: string[], by: string, device: string, at: string, app: string,
 *   version: number, note?: string | null}} what
 * @returns {Omit<Edit, 'sig'>}
 */
export function newEdit(folded, { set = {}, unset = [], by, device, at, app, version, note = null }) {
  const rows = unset.filter(isRow);
  const below = [...folded.heads.keys()].filter((path) => rows.some((row) => path.startsWith(`${row}/`)));
  /** @type {Record<string, string[]>} */
  const seen = {};
  for (const path of [...Object.keys(set), ...unset, ...below]) {
    const ids = (folded.heads.get(path) ?? []).map((head) => head.edit_id);
    if (ids.length) seen[path] = ids;
  }
  if (set[STATE] === WITHDRAWN) seen[STATE] = everythingSeen(folded.heads);
  return { id: ulid(parseAt(at)?.wall), at, by, device, app, version, set, unset: [...unset].sort(), seen, note };
}

/**
 * The record with one more edit and its answers computed anew.
 * @param {RecordDocument} record @param {Edit} edit @param {Form} form
 * @returns {RecordDocument}
 */
export function withEdit(record, edit, form) {
  const edits = union(record.edits, [edit]);
  const folded = fold(edits, form);
  const { answers } = judge(form, folded.values, { state: folded.state, now: parseAt(folded.at)?.wall ?? 0 });
  return { ...record, version: folded.version, edits, answers };
}
