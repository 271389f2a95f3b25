/** What is to do, what is under way, and every record with its true state. */
import { html, repeat } from '../../vendor/lit.js';
import { showAgo, showDay, isoDate, momentOf, showShort } from '../format.js';
import { pick, t } from '../i18n.js';
import { connectionBar, header } from '../parts/bar.js';
import { stateMark } from '../parts/state.js';
import { summaryOf } from '../reading.js';
import { fillAddress, recordAddress } from '../routes.js';
import { teamName } from '../session.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 * @typedef {import('../records.js').Entry} Entry
 * @typedef {import('../drafts.js').Draft} Draft
 * @typedef {import('../db.js').Doc} Doc
 * @typedef {import('../catalogue.js').Form} Form
 */

const PAGE = 30;

export class Home {
  #query = '';
  #shown = PAGE;

  /** @param {App} app @param {Desk} desk */
  constructor(app, desk) {
    this.app = app;
    this.desk = desk;
  }

  render() {
    const { desk, app } = this;
    const { user } = desk.profile;
    const settings = html`<a class="icon-button" href="#/settings" aria-label=${t('settings.title')}>${gear}</a>`;
    return html`${header({ title: t('app.name'), aside: html`<span class="who">${user.display_name}</span>${settings}` })}
      ${connectionBar(app, desk)}
      <main class="home">${this.#newer()}${this.#leftBehind()}${this.#drafts()}${this.#tasks()}${this.#records()}</main>
      <footer class="foot"><button type="button" class="primary" @click=${() => this.#choose()}>${t('home.new')}</button></footer>
      ${this.#chooser()}`;
  }

  #newer() {
    const { newer } = this.app;
    if (!newer) return '';
    return html`<p class="notice"><span>${t('home.newer')}</span>
      <button type="button" class="link" @click=${() => takeOver(newer)}>${t('home.take_over')}</button></p>`;
  }

  #leftBehind() {
    const { sync, unsent } = this.desk;
    return sync.leftBehind().map((mailbox) => html`<p class="notice" role="status"><span>${t('home.old_team', {
      team: mailbox.replace(/^mailbox-/, ''),
      count: unsent.of(mailbox).length,
    })}</span></p>`);
  }

  #drafts() {
    const drafts = this.desk.drafts.all();
    if (!drafts.length) return '';
    return html`<section><h2>${t('home.drafts')}<span class="count">${drafts.length}</span></h2>
      <ul class="rows">${repeat(drafts, (draft) => draft.record, (draft) => this.#draft(draft))}</ul></section>`;
  }

  /** @param {Draft} draft */
  #draft(draft) {
    const form = this.desk.catalogue.form(draft.form, draft.version);
    const [title, ...rest] = form ? summaryOf(form, draft.values, this.desk.catalogue) : [];
    const name = pick(form?.title, draft.form);
    return html`<li><a class="row" href=${fillAddress(draft.record)}>
      <span class="row-title">${title ?? name}</span>
      <span class="row-sub">${[title ? name : '', ...rest].filter(Boolean).join(' · ')}</span>
      <span class="row-state"><span class="state" data-state="local"><span class="glyph" aria-hidden="true">○</span> ${t('state.draft')}</span></span>
      <span class="row-when">${showAgo(draft.saved)}</span></a></li>`;
  }

  #tasks() {
    const drafted = new Set(this.desk.drafts.all().map(({ task }) => task));
    const tasks = this.desk.records.openTasks().filter((task) => !drafted.has(task._id));
    return html`<section><h2>${t('home.tasks')}<span class="count">${tasks.length || ''}</span></h2>
      ${tasks.length
        ? html`<ul class="rows">${repeat(tasks, (task) => task._id, (task) => this.#task(task))}</ul>`
        : html`<p class="empty">${t('home.no_tasks')}</p>`}</section>`;
  }

  /** @param {Doc} task */
  #task(task) {
    const late = task.due && task.due < isoDate(new Date());
    const form = this.desk.catalogue.current(task.form);
    return html`<li><button type="button" class="row" ?disabled=${!form} @click=${() => form && this.#begin(form, task.team, task)}>
      <span class="row-title">${pick(task.title, task._id)}</span>
      <span class="row-sub">${form ? pick(form.title) : t('home.form_missing')}</span>
      <span class="row-state ${late ? 'late' : ''}">${task.due ? t(late ? 'home.overdue' : 'home.due', { when: showDay(task.due) }) : ''}</span>
      <span class="row-when">${t('home.begin')} ›</span></button></li>`;
  }

  #records() {
    const { records } = this.desk;
    const all = records.all();
    const found = this.#query ? all.filter((entry) => this.#matches(entry)) : all;
    return html`<section><h2>${t('home.records')}<span class="count">${all.length || ''}</span></h2>
      ${all.length > 8 ? this.#search() : ''}
      ${found.length
        ? html`<ul class="rows">${repeat(found.slice(0, this.#shown), ({ doc }) => doc._id, (entry) => this.#record(entry))}</ul>`
        : html`<p class="empty">${t(all.length ? 'home.none_found' : 'home.no_records')}</p>`}
      ${found.length > this.#shown ? this.#more(found.length) : ''}</section>`;
  }

  #search() {
    return html`<input class="search" type="search" aria-label=${t('home.search')} placeholder=${t('home.search')} .value=${this.#query}
      @input=${(/** @type {InputEvent} */ event) => {
        this.#query = /** @type {HTMLInputElement} */ (event.target).value;
        this.#shown = PAGE;
        this.app.update();
      }}>`;
  }

  /** @param {number} total */
  #more(total) {
    return html`<button type="button" class="secondary" @click=${() => {
      this.#shown += PAGE * 2;
      this.app.update();
    }}>${t('home.more', { count: total - this.#shown })}</button>`;
  }

  /** @param {Entry} entry */
  #matches(entry) {
    const text = [...this.#titles(entry), entry.doc._id].join('\n').toLowerCase();
    return this.#query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  /** @param {Entry} entry @returns {string[]} */
  #titles({ form, folded, doc }) {
    const summary = form && folded ? summaryOf(form, folded.values, this.desk.catalogue) : [];
    const name = pick(form?.title, doc.form);
    return summary.length ? [summary[0], name, ...summary.slice(1)] : [name];
  }

  /** @param {Entry} entry */
  #record(entry) {
    const { records } = this.desk;
    const [title, ...rest] = this.#titles(entry);
    const state = records.stateOf(entry);
    const errors = state === 'returned' ? records.receipt(entry.doc._id)?.errors?.length ?? 0 : 0;
    return html`<li><a class="row" href=${recordAddress(entry.doc._id)}>
      <span class="row-title">${title}</span>
      <span class="row-sub">${rest.join(' · ')}</span>
      <span class="row-state">${stateMark(state)}${errors ? html` <span class="soft">${t('home.errors', { count: errors })}</span>` : ''}</span>
      <span class="row-when">${entry.at ? showShort(momentOf(entry.at)) : ''}</span></a></li>`;
  }

  #choose() {
    const forms = this.desk.catalogue.newest();
    if (forms.length === 1 && this.#teams().length === 1) this.#begin(forms[0], this.#teams()[0], null);
    else dialog()?.showModal();
  }

  #teams() {
    return this.desk.profile.databases.mailboxes.map((name) => name.replace(/^mailbox-/, ''));
  }

  #chooser() {
    const forms = this.desk.catalogue.newest();
    const teams = this.#teams();
    return html`<dialog id="chooser" class="drawer" aria-labelledby="chooser-title" @click=${closeOnVeil}>
      <h2 id="chooser-title">${t('home.choose_form')}</h2>
      ${forms.length ? '' : html`<p class="empty">${t('home.no_forms')}</p>`}
      ${teams.map((team) => html`${teams.length > 1 ? html`<h3>${t('home.team', { team: teamName(this.desk.profile.user, team) })}</h3>` : ''}
        <ul class="rows">${forms.map((form) => html`<li><button type="button" class="row" @click=${() => this.#begin(form, team, null)}>
          <span class="row-title">${pick(form.title)}</span></button></li>`)}</ul>`)}
      <button type="button" class="secondary" @click=${() => dialog()?.close()}>${t('cancel')}</button>
    </dialog>`;
  }

  /** @param {Form} form @param {string} team @param {Doc | null} task */
  async #begin(form, team, task) {
    dialog()?.close();
    const draft = await this.desk.sittings.begin(form, team, task);
    this.app.go(fillAddress(draft.record));
  }
}

const dialog = () => /** @type {HTMLDialogElement | null} */ (document.getElementById('chooser'));

/** @param {MouseEvent} event */
const closeOnVeil = (event) => event.target === event.currentTarget && /** @type {HTMLDialogElement} */ (event.currentTarget).close();

/** @param {ServiceWorker} worker */
function takeOver(worker) {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  worker.postMessage('take-over');
}

const gear = html`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
  <path d="M4 7h9M18 7h2M4 17h2M11 17h9"/><circle cx="15.5" cy="7" r="2.5"/><circle cx="8.5" cy="17" r="2.5"/></svg>`;
