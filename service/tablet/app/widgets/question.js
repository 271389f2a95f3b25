/** One question on the screen: its label, its widget, and what is wrong with it, next to it. */
import { guard, html, nothing, repeat } from '../../vendor/lit.js';
import { pick, t } from '../i18n.js';
import { readable } from '../reading.js';
import { rowsAt } from '../values.js';
import { date, datetime, decimal, integer, text, time } from './inputs.js';
import { boolean, rank, selectMany, selectOne } from './choices.js';
import './entity.js';
import './files.js';
import './signature.js';
import './geopoint.js';
import { shown } from './shown.js';

/**
 * @typedef {import('../screens/filler.js').Filler} Filler
 * @typedef {import('../core/form.js').Field} Field
 * @typedef {object} Question what a widget is given
 * @property {Filler} filler
 * @property {Field} field
 * @property {string} path
 * @property {string} id for its control
 * @property {any} value
 * @property {boolean} readonly
 * @property {boolean} invalid
 * @property {string} described ids of what describes the control
 * @property {(value: unknown) => void} set
 * @property {() => void} touch
 */

/** @param {Question} it */
const entity = (it) => html`<rounds-entity .question=${it} .value=${it.value} .catalogue=${it.filler.desk.catalogue}></rounds-entity>`;
/** @param {Question} it */
const files = (it) => html`<rounds-files .question=${it} .value=${it.value}></rounds-files>`;
/** @param {Question} it */
const signature = (it) => html`<rounds-signature .question=${it} .value=${it.value}></rounds-signature>`;
/** @param {Question} it */
const geopoint = (it) => html`<rounds-geopoint .question=${it} .value=${it.value}></rounds-geopoint>`;
/** @param {Question} it */
const track = (it) => html`<rounds-track .question=${it} .value=${it.value}></rounds-track>`;

/** @type {Record<string, (it: Question) => unknown>} */
const WIDGETS = {
  text, integer, decimal, date, time, datetime, boolean, entity, signature, geopoint, rank,
  barcode: text, select_one: (it) => (it.field.entity ? entity : selectOne)(it), select_many: (it) => (it.field.entity ? entity : selectMany)(it),
  photo: files, audio: files, video: files, file: files, geotrace: track, geoshape: track,
};

/** A field and all below it. @param {Filler} filler @param {Field} field @param {string} path of the record @param {number} [depth] @returns {unknown} */
export function question(filler, field, path, depth = 0) {
  if (!filler.judgement.isRelevant(path)) return nothing;
  const { drawn } = filler;
  if (field.fields.length) return guard(drawn.container(path), () => made(filler, field, path, depth));
  const state = drawn.question(path);
  return guard(state, () => (state[2] ? made(filler, field, path, depth) : nothing));
}

/** @param {Filler} filler @param {Field} field @param {string} path @param {number} depth */
function made(filler, field, path, depth) {
  if (field.type === 'group') return group(filler, field, path, depth);
  if (field.type === 'repeat') return rows(filler, field, path, depth);
  if (field.type === 'note') return note(filler, field, path);
  if (field.is_shown) return computed(filler, field, path);
  return asked(filler, field, path);
}

/** @param {Filler} filler @param {Field} field @param {string} path */
const note = (filler, field, path) => html`<div class="note" data-path=${path}><p>${pick(field.label)}</p>${shown(filler, field.media)}</div>`;

/** @param {Filler} filler @param {Field} field @param {string} path @param {number} depth */
function group(filler, field, path, depth) {
  const inner = field.fields.map((each) => question(filler, each, `${path}/${each.name}`, depth + 1));
  if (!depth) return html`${shown(filler, field.media)}${inner}`;
  return html`<fieldset class="group"><legend>${pick(field.label)}</legend>${shown(filler, field.media)}${inner}</fieldset>`;
}

/** @param {Filler} filler @param {Field} field @param {string} path @param {number} depth */
function rows(filler, field, path, depth) {
  const all = rowsAt(filler.draft.values, path);
  const name = pick(field.row_label, pick(field.label));
  const wanted = filler.judgement.counted.get(path);
  const canGo = wanted === undefined || all.length > wanted;
  const full = field.max_rows != null && all.length >= field.max_rows;
  return html`<div class="repeat" data-path=${path}>
    ${depth ? html`<h3>${pick(field.label)}</h3>` : ''}${shown(filler, field.media)}
    ${repeat(all, (row) => row._row, (row, index) => html`<div class="repeat-row" role="group" aria-label="${name} ${index + 1}" data-path="${path}/${row._row}">
      <div class="repeat-head"><h3>${name} <span class="number">${index + 1}</span></h3>
        ${canGo ? html`<button type="button" class="link" @click=${() => filler.removeRow(field, path, row)}>${t('fill.remove_row')}</button>` : ''}</div>
      ${field.fields.map((each) => question(filler, each, `${path}/${row._row}/${each.name}`, depth + 1))}
    </div>`)}
    ${problems(filler, path, `${idOf(path)}-problem`)}
    ${wanted === undefined ? html`<button type="button" class="secondary add" ?disabled=${full} @click=${() => filler.addRow(field, path)}>＋ ${t('fill.add_row', { row: name })}</button>` : ''}
  </div>`;
}

/** @param {Filler} filler @param {Field} field @param {string} path */
function computed(filler, field, path) {
  const value = readable(field, filler.valueAt(field, path), filler.desk.catalogue);
  return html`<p class="computed" data-path=${path}><span>${pick(field.label)}</span><output>${value === '' ? '—' : value}</output></p>${shown(filler, field.media)}`;
}

/** @param {string} path */
const idOf = (path) => `q${path.replace(/[^\w]/g, '-')}`;

/** @param {Filler} filler @param {Field} field @param {string} path */
function asked(filler, field, path) {
  const id = idOf(path);
  const invalid = filler.problemsAt(path).length > 0;
  /** @type {Question} */
  const it = {
    filler, field, path, id, invalid,
    value: filler.valueAt(field, path),
    readonly: filler.judgement.isReadonly(path),
    described: `${id}-hint ${id}-problem`,
    set: (value) => filler.set(path, value),
    touch: () => filler.touch(path),
  };
  const hint = pick(field.hint);
  return html`<div class="question" data-path=${path} data-type=${field.type} ?data-specify=${field.appearance === 'specify'} ?data-invalid=${invalid} @focusout=${(/** @type {FocusEvent} */ event) => left(event) && it.touch()}>
    <div class="question-head"><label id="${id}-label" for=${id}>${pick(field.label)}</label>${filler.judgement.isRequired(path) ? '' : html`<span class="optional">${t('fill.optional')}</span>`}</div>
    ${shown(filler, field.media)}
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : ''}
    ${(WIDGETS[field.type] ?? text)(it)}
    ${problems(filler, path, `${id}-problem`)}
  </div>`;
}

/** The focus has gone elsewhere, not just to another part of the question. @param {FocusEvent} event */
const left = (event) => !(event.relatedTarget instanceof Node && /** @type {HTMLElement} */ (event.currentTarget).contains(event.relatedTarget));

/** @param {Filler} filler @param {string} path @param {string} id */
function problems(filler, path, id) {
  const found = filler.problemsAt(path);
  return html`<div id=${id} aria-live="polite">${found.map(({ message }) => html`<p class="problem">${pick(message)}</p>`)}</div>`;
}
