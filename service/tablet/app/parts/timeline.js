/** How a record came about: each sitting, who and when, and what it changed. */
import { html } from '../../vendor/lit.js';
import { readBy } from '../core/mapping.js';
import { momentOf, showMoment } from '../format.js';
import { pick, t } from '../i18n.js';
import { FILES } from '../media_paths.js';
import { readable } from '../reading.js';

/**
 * @typedef {import('../app.js').Desk} Desk
 * @typedef {import('../records.js').Entry} Entry
 */

/** @param {Entry} entry @param {Desk} desk */
export function timeline(entry, desk) {
  return html`<section class="card"><h2>${t('record.timeline')}</h2><ol class="timeline">
    ${[...entry.edits].reverse().map((edit) => html`<li>
      <p><strong>${edit.by ? desk.catalogue.author(edit) : t('record.erased')}</strong> <span class="soft">${edit.at ? showMoment(momentOf(edit.at)) : ''}</span></p>
      ${edit.note ? html`<p>${edit.note}</p>` : ''}
      ${edit.set ? changes(entry, edit, desk) : ''}</li>`)}</ol></section>`;
}

/** @param {Entry} entry @param {any} written @param {Desk} desk */
function changes(entry, written, desk) {
  const [edit] = readBy([written], entry.form);
  const first = !Object.keys(edit.seen).length;
  const paths = [...Object.keys(edit.set), ...edit.unset].filter((path) => entry.form?.field(path));
  const state = edit.set['/_state'];
  const lead = state ? t(`change.${state}`) : t('change.changed');
  if (first) return html`<p class="soft">${lead} · ${t('change.count', { count: paths.length })}</p>`;
  return html`<details><summary>${lead} · ${t('change.count', { count: paths.length })}</summary>
    <dl class="facts">${paths.map((path) => change(entry, edit, path, desk))}</dl></details>`;
}

/** @param {Entry} entry @param {any} edit @param {string} path @param {Desk} desk */
function change(entry, edit, path, desk) {
  const field = /** @type {import('../core/form.js').Field} */ (entry.form?.field(path));
  return html`<div><dt>${pick(field.label)}</dt><dd>${changed(field, edit, path, desk)}</dd></div>`;
}

/** @param {import('../core/form.js').Field} field @param {any} edit @param {string} path @param {Desk} desk */
function changed(field, edit, path, desk) {
  if (!(path in edit.set)) return t('change.removed');
  const value = edit.set[path];
  if (FILES.includes(field.type)) return t('change.files', { count: [value].flat().length });
  return field.type === 'repeat' ? t('change.row_added') : readable(field, value, desk.catalogue);
}
