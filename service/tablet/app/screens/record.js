/** One record: its true state, what the office said of it, the answers, and how they came about. */
import { html, nothing } from '../../vendor/lit.js';
import { filesOf } from '../arrivals.js';
import { momentOf, showMoment } from '../format.js';
import { pick, t } from '../i18n.js';
import { connectionBar, header } from '../parts/bar.js';
import { stateMark } from '../parts/state.js';
import { GLYPHS } from '../state.js';
import { FILES } from '../media_paths.js';
import { readable, summaryOf } from '../reading.js';
import { fillAddress } from '../routes.js';
import { isRow } from '../core/heads.js';
import { originOf } from '../core/origin.js';
import { overruled, question } from '../decisions.js';
import { sectionsOf } from '../sections.js';
import { isEmpty } from '../values.js';
import { timeline } from '../parts/timeline.js';
import '../widgets/files.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 * @typedef {import('../records.js').Entry} Entry
 * @typedef {import('../core/form.js').Field} Field
 * @typedef {import('../core/heads.js').Head} Head
 */

export class RecordView {
  /** @param {App} app @param {Desk} desk @param {string} id */
  constructor(app, desk, id) {
    this.app = app;
    this.desk = desk;
    this.id = id;
  }

  render() {
    const entry = this.desk.records.get(this.id);
    if (!entry) return html`${header({ title: t('record.title'), back: '#/' })}<main><p class="empty">${t('record.missing')}</p></main>`;
    const { form, folded } = entry;
    const [title, ...rest] = form && folded ? summaryOf(form, folded.values, this.desk.catalogue) : [];
    const name = pick(form?.title, entry.doc.form);
    return html`${header({ title: html`${title ?? name}<small>${[title ? name : '', ...rest].filter(Boolean).join(' · ')}</small>`, back: '#/' })}
      ${connectionBar(this.app, this.desk)}
      <main class="record">
        ${this.#verdict(entry)}
        ${form && folded ? this.#answers(entry) : html`<p class="empty">${t('record.no_form')}</p>`}
        ${timeline(entry, this.desk)}
        <p class="code soft">${entry.doc._id}</p>
      </main>
      ${form && folded ? this.#foot(entry) : ''}`;
  }

  /** @param {Entry} entry */
  #verdict(entry) {
    const { records, unsent } = this.desk;
    const state = records.stateOf(entry);
    const receipt = records.receipt(this.id);
    const current = receipt?.digest === entry.digest;
    const errors = current ? receipt?.errors ?? [] : [];
    const refusal = unsent.refusal(entry.mailbox, this.id);
    return html`<section class="verdict" data-state=${state}><h2>${stateMark(state)}</h2>
      <p>${refusal ? t('record.why_refused', { reason: refusal.reason }) : t(`why.${state}`, { count: errors.length })}</p>
      ${refusal ? html`<button type="button" class="secondary" @click=${() => this.#sendAgain()}>${t('record.send_again')}</button>` : ''}
      ${this.#files(entry, receipt)}
      ${this.#question(entry)}
      ${errors.length ? html`<ul class="errors">${errors.map((/** @type {any} */ error) => html`<li><button type="button" class="link" @click=${() => show(error.path)}>${pick(error.message)}</button></li>`)}</ul>` : ''}
    </section>`;
  }

  /** How many of its photos and files have arrived. @param {Entry} entry @param {import('../db.js').Doc | null} receipt */
  #files(entry, receipt) {
    const database = entry.mailbox.replace(/^mailbox-/, 'media-');
    const { all, arrived, here } = filesOf(entry, receipt, (id) => this.desk.unsent.has(database, id));
    if (!all) return '';
    const rest = here ? t('record.files_here', { count: here }) : arrived < all ? t('record.files_awaited') : '';
    const atHub = receipt && receipt.judge !== 'office';
    const glyph = atHub ? GLYPHS.hub : arrived === all ? GLYPHS.accepted : here === all ? GLYPHS.local : GLYPHS.delivered;
    const said = atHub ? t('record.files_at_hub', { arrived, all }) : t('record.files_arrived', { arrived, all });
    return html`<p class="files-arrived"><span aria-hidden="true">${glyph}</span> ${said}${rest ? html`<br>${rest}` : ''}</p>`;
  }

  /** What the office asks. @param {Entry} entry */
  #question(entry) {
    const asked = question(entry.edits);
    return asked ? html`<p class="collision">⚑ ${t('record.asked', { name: this.desk.catalogue.author(asked) })}<br><strong>${asked.text}</strong></p>` : '';
  }

  async #sendAgain() {
    await this.desk.sync.offerAgain().then(
      () => this.app.toasts.say(t('settings.offered')),
      () => this.app.toasts.say(t('refusal.no_network')),
    );
  }

  /** @param {Entry} entry */
  #answers(entry) {
    const form = /** @type {import('../catalogue.js').Form} */ (entry.form);
    const answers = entry.doc.answers;
    return sectionsOf(form).map((section, index) => {
      const lines = section.fields.map((field) => this.#field(entry, field, answers, field.path));
      if (lines.every((line) => line === nothing)) return nothing;
      return html`<section class="card">${section.title || !index ? html`<h2>${section.title ? pick(section.title) : t('record.answers')}</h2>` : ''}${lines}</section>`;
    });
  }

  /** @param {Entry} entry @param {Field} field @param {any} values @param {string} path @returns {unknown} */
  #field(entry, field, values, path) {
    const value = values?.[field.name];
    if (field.type === 'group') return this.#group(entry, field, value, path);
    if (field.type === 'repeat') return this.#rows(entry, field, value, path);
    const said = this.#said(entry, path);
    if (isEmpty(value) && said === nothing) return nothing;
    return html`<div class="answer" data-path=${path}><dt>${pick(field.label)}</dt><dd>${this.#value(entry, field, value)}</dd>${said}</div>`;
  }

  /** @param {Entry} entry @param {Field} field @param {any} value @param {string} path */
  #group(entry, field, value, path) {
    const lines = field.fields.map((each) => this.#field(entry, each, value, `${path}/${each.name}`));
    return lines.every((line) => line === nothing) ? nothing : lines;
  }

  /** @param {Entry} entry @param {Field} field @param {any} value @param {string} path */
  #rows(entry, field, value, path) {
    const rows = Array.isArray(value) ? value : [];
    const said = this.#said(entry, path);
    if (!rows.length && said === nothing) return nothing;
    return html`<div data-path=${path}>${said}${rows.map((row, index) => html`<div class="repeat-row" data-path="${path}/${row._row}">
      <h3>${pick(field.row_label, pick(field.label))} <span class="number">${index + 1}</span></h3>${this.#said(entry, `${path}/${row._row}`)}
      ${field.fields.map((each) => this.#field(entry, each, row, `${path}/${row._row}/${each.name}`))}</div>`)}</div>`;
  }

  /** @param {Entry} entry @param {Field} field @param {any} value */
  #value(entry, field, value) {
    if (isEmpty(value)) return html`<span class="soft">${t('value.none')}</span>`;
    if (!FILES.includes(field.type)) return readable(field, value, this.desk.catalogue);
    const photo = field.type === 'photo' || field.type === 'signature';
    return html`<div class="files">${[value].flat().map((digest) => html`<div class="file"><rounds-picture .pictures=${this.desk.pictures} .team=${entry.doc.team} .digest=${digest} .photo=${photo}></rounds-picture></div>`)}</div>`;
  }

  /** What the office or another tablet says against this place. @param {Entry} entry @param {string} path */
  #said(entry, path) {
    const receipt = this.desk.records.receipt(this.id);
    const errors = receipt?.digest === entry.digest ? (receipt?.errors ?? []).filter((/** @type {any} */ error) => error.path === path) : [];
    const collision = entry.folded?.collisions.find((each) => each.path === path);
    const lost = overruled(entry.edits, this.desk.profile.user.name).find((each) => each.path === path);
    if (!errors.length && !collision && !lost) return nothing;
    return html`${errors.map((/** @type {any} */ error) => html`<p class="problem">${pick(error.message)}</p>`)}
      ${collision ? this.#collision(entry, collision) : ''}${lost ? this.#overruled(entry, lost) : ''}`;
  }

  /** A value as people read it. @param {Entry} entry @param {string} path @param {Head} head */
  #read(entry, path, head) {
    const field = entry.form?.field(path);
    if (!head.present) return t('value.none');
    return field && !isRow(path) ? readable(field, head.value, this.desk.catalogue) : t('value.row');
  }

  /** Every value that stands against another; whoever knows better takes one. @param {Entry} entry @param {import('../core/merge.js').Collision} collision */
  #collision(entry, { path, heads }) {
    const may = Boolean(entry.form?.field(path)) && !isRow(path);
    return html`<div class="collision"><p>⚑ ${t('record.collision')}</p><ul>${heads.map((head) => {
      const first = originOf(path, head, entry.edits);
      return html`<li><strong>${this.#read(entry, path, head)}</strong>
      <span class="soft">${this.desk.catalogue.author(first)} · ${showMoment(momentOf(first.at))}</span>
      ${may && head.present ? html`<button type="button" class="link" @click=${() => this.#settle(entry, path, head)}>${t('record.take')}</button>` : ''}</li>`;
    })}</ul></div>`;
  }

  /** One's own value that was not taken, and why. @param {Entry} entry @param {import('../decisions.js').Overruled} lost */
  #overruled(entry, { path, own, chosen, author, by, device, at, note }) {
    const { catalogue } = this.desk;
    const said = { own: this.#read(entry, path, own), chosen: this.#read(entry, path, chosen), author: catalogue.author(author) };
    return html`<div class="collision"><p>${t('record.overruled', said)}</p>
      <p class="soft">${t('record.overruled_by', { name: catalogue.author({ by, device }), when: showMoment(momentOf(at)) })}</p>
      ${note ? html`<p>${t('record.overruled_why', { note })}</p>` : ''}</div>`;
  }

  /** Take one of the values in a sitting of one's own. @param {Entry} entry @param {string} path @param {Head} head */
  async #settle(entry, path, head) {
    const draft = await this.desk.sittings.settle(entry, path, head.value);
    this.app.go(fillAddress(draft.record));
  }

  /** @param {Entry} entry */
  #foot(entry) {
    const returned = this.desk.records.stateOf(entry) === 'returned';
    const under = this.desk.drafts.of(this.id);
    const word = under ? 'record.continue' : returned ? 'record.mend' : 'record.change';
    return html`<footer class="foot"><button type="button" class=${under || returned ? 'primary' : 'secondary'} @click=${() => this.#change(entry)}>${t(word)}</button></footer>`;
  }

  /** @param {Entry} entry */
  async #change(entry) {
    const draft = await this.desk.sittings.change(entry);
    this.app.go(fillAddress(draft.record));
  }
}

/** @param {string} path */
const show = (path) => document.querySelector(`main [data-path="${CSS.escape(path)}"]`)?.scrollIntoView({ block: 'center' });
