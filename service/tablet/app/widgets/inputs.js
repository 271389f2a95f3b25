/** Text, numbers, dates and times: the platform's own controls, so that the platform's own keyboards and pickers come up. */
import { html, live } from '../../vendor/lit.js';
import { wellFormed } from '../core/canonical.js';
import { isMonthly } from '../core/values.js';
import { isoDate, showDate, showMonth, showWeekday } from '../format.js';
import { t } from '../i18n.js';
import { parseDecimal, parseInteger } from '../numbers.js';

/** @typedef {import('./question.js').Question} Question */

/** @param {Event} event */
const typed = (event) => /** @type {HTMLInputElement | HTMLTextAreaElement} */ (event.target).value;

/** @param {string} value */
const orNothing = (value) => (value === '' ? undefined : value);

/** @param {Question} it */
export function text(it) {
  const { field, id, value, readonly, invalid, described } = it;
  const change = (/** @type {Event} */ event) => it.set(orNothing(wellFormed(typed(event))));
  if (field.appearance.includes('multiline')) {
    return html`<textarea id=${id} rows="3" .value=${live(value ?? '')} ?readonly=${readonly} aria-invalid=${String(invalid)} aria-describedby=${described} @input=${change}></textarea>`;
  }
  return html`<input id=${id} .value=${live(value ?? '')} ?readonly=${readonly} aria-invalid=${String(invalid)} aria-describedby=${described} autocomplete="off" @input=${change}>`;
}

/** @param {Question} it @param {'numeric' | 'decimal'} mode @param {(entered: string) => unknown} parse */
function number(it, mode, parse) {
  const { id, value, readonly, invalid, described } = it;
  return html`<input id=${id} class="number" type="text" inputmode=${mode} autocomplete="off" .value=${live(String(value ?? ''))} ?readonly=${readonly}
    aria-invalid=${String(invalid)} aria-describedby=${described} @input=${(/** @type {Event} */ event) => it.set(parse(typed(event)))}
    @change=${(/** @type {Event} */ event) => it.set(parse(typed(event).replace(/\.$/, '')))}>`;
}

/** @param {Question} it */
export const integer = (it) => number(it, 'numeric', parseInteger);
/** @param {Question} it */
export const decimal = (it) => number(it, 'decimal', parseDecimal);

/**
 * The platform's picker, but while nobody types in it the date as people here write it: the control itself follows the
 * language of the system, not of the screen.
 * @param {Question} it
 */
export function date(it) {
  const looks = it.field.appearance.split(/\s+/);
  if (isMonthly(looks)) return month(it);
  return looks.includes('year') ? year(it) : day(it);
}

/** A month, kept as its first day. @param {Question} it */
function month({ id, value, readonly, invalid, described, set, touch }) {
  return html`<div class="dated"><span class="spelled"><input id=${id} type="month" max="9999-12" .value=${live(String(value ?? '').slice(0, 7))} ?readonly=${readonly}
      aria-invalid=${String(invalid)} aria-describedby=${described} @input=${(/** @type {Event} */ event) => set(typed(event) && `${typed(event)}-01` || undefined)} @change=${touch}>
    <span class="read" aria-hidden="true">${value ? showMonth(value) : t('fill.pick_month')}</span></span></div>`;
}

/** A year, kept as its first day. @param {Question} it */
function year({ id, value, readonly, invalid, described, set, touch }) {
  return html`<input id=${id} class="number" type="text" inputmode="numeric" maxlength="4" autocomplete="off" .value=${live(String(value ?? '').replace(/-01-01$/, ''))} ?readonly=${readonly}
    aria-invalid=${String(invalid)} aria-describedby=${described} @change=${touch}
    @input=${(/** @type {Event} */ event) => set(/^\d{4}$/.test(typed(event)) ? `${typed(event)}-01-01` : orNothing(wellFormed(typed(event))))}>`;
}

/** @param {Question} it */
function day(it) {
  const { id, value, readonly, invalid, described } = it;
  const today = isoDate(new Date());
  return html`<div class="dated"><span class="spelled"><input id=${id} type="date" max="9999-12-31" .value=${live(value ?? '')} ?readonly=${readonly} aria-invalid=${String(invalid)}
      aria-describedby=${described} @input=${(/** @type {Event} */ event) => it.set(orNothing(typed(event)))} @change=${it.touch}>
    <span class="read" aria-hidden="true">${value ? `${showDate(value)} ${showWeekday(value)}` : t('fill.pick_date')}</span></span>
    ${value === today || readonly ? '' : html`<button type="button" class="link" @click=${() => it.set(today)}>${t('fill.today')}</button>`}</div>`;
}

/** @param {Question} it */
export function time(it) {
  const { id, value, readonly, invalid, described } = it;
  const now = () => new Date().toTimeString().slice(0, 5);
  return html`<div class="dated"><input id=${id} type="time" .value=${live(value ?? '')} ?readonly=${readonly} aria-invalid=${String(invalid)}
      aria-describedby=${described} @input=${(/** @type {Event} */ event) => it.set(orNothing(typed(event)))} @change=${it.touch}>
    ${value || readonly ? '' : html`<button type="button" class="link" @click=${() => it.set(now())}>${t('fill.now')}</button>`}</div>`;
}

/** `2026-11-23T14:30` of this tablet's zone as RFC 3339 with its offset. @param {string} local */
export function withOffset(local) {
  const minutes = -new Date(local).getTimezoneOffset();
  if (Number.isNaN(minutes)) return undefined;
  const size = Math.abs(minutes);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${local.length === 16 ? `${local}:00` : local}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {string | undefined} value */
function localOf(value) {
  const at = new Date(value ?? NaN);
  return Number.isNaN(at.getTime()) ? '' : `${isoDate(at)}T${at.toTimeString().slice(0, 5)}`;
}

/** @param {Question} it */
export function datetime(it) {
  const { id, value, readonly, invalid, described } = it;
  return html`<div class="dated"><input id=${id} type="datetime-local" .value=${live(localOf(value))} ?readonly=${readonly} aria-invalid=${String(invalid)}
    aria-describedby=${described} @input=${(/** @type {Event} */ event) => it.set(withOffset(typed(event)))} @change=${it.touch}></div>`;
}
