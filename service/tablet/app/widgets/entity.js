/** Choosing one of thousands of entities by typing part of its name. */
import { html, LitElement } from '../../vendor/lit.js';
import { search } from '../catalogue.js';
import { pick, t } from '../i18n.js';

/** @typedef {import('../catalogue.js').Entity} Entity */

const SHOWN = 12;

class EntityChooser extends LitElement {
  static properties = { question: { attribute: false }, value: { attribute: false }, catalogue: { attribute: false }, query: { state: true }, active: { state: true }, all: { state: true }, open: { state: true } };

  constructor() {
    super();
    /** @type {import('./question.js').Question} */
    this.question = /** @type {any} */ (null);
    /** @type {string | undefined} */
    this.value = undefined;
    /** @type {import('../catalogue.js').Lookup} */
    this.catalogue = /** @type {any} */ (null);
    this.query = '';
    this.active = 0;
    this.open = false;
    /** @type {Entity[]} */
    this.all = [];
  }

  createRenderRoot() {
    return this;
  }

  willUpdate() {
    this.catalogue.entities(this.question.field.entity).then((all) => {
      if (this.all !== all) this.all = all;
    });
  }

  render() {
    return this.value && !this.open ? this.chosen(this.value) : this.search();
  }

  /** @param {string} id */
  chosen(id) {
    const entity = this.catalogue.entity(id);
    return html`<div class="chosen"><span class="chosen-name">${entity ? pick(entity.names, entity.name) : t('value.loading')}<small>${entity ? aside(entity) : ''}</small></span>
      ${this.question.readonly ? '' : html`<button type="button" id=${this.question.id} class="link" @click=${() => this.reopen()}>${t('fill.change')}</button>`}</div>`;
  }

  async reopen() {
    this.open = true;
    this.query = '';
    await this.updateComplete;
    this.querySelector('input')?.focus();
  }

  search() {
    const { id, described, invalid } = this.question;
    const found = this.found();
    return html`<div class="finder">
      <input id=${id} type="search" role="combobox" autocomplete="off" spellcheck="false" aria-expanded=${String(this.open)} aria-controls="${id}-list"
        aria-activedescendant=${this.open && found.length ? `${id}-${this.active}` : ''} aria-invalid=${String(invalid)} aria-describedby=${described}
        placeholder=${t('fill.find')} .value=${this.query} @focus=${() => (this.open = true)}
        @input=${(/** @type {Event} */ event) => this.look(/** @type {HTMLInputElement} */ (event.target).value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event, found)} @blur=${() => setTimeout(() => (this.open = false), 150)}>
      ${this.open ? this.list(found) : ''}</div>`;
  }

  found() {
    if (!this.open) return [];
    const { filler, field, path } = this.question;
    const offered = field.choice_filter ? filler.judgement.entityFilter(field, path) : null;
    const all = offered ? this.all.filter(({ id, name, doc }) => offered({ ...doc, label: name, name: id })) : this.all;
    return search(all, this.query, SHOWN + 1);
  }

  /** @param {Entity[]} found */
  list(found) {
    const { id } = this.question;
    return html`<ul class="found" role="listbox" id="${id}-list">
      ${found.slice(0, SHOWN).map((entity, index) => html`<li role="option" id="${id}-${index}" aria-selected=${String(index === this.active)}
        @pointerdown=${(/** @type {Event} */ event) => event.preventDefault()} @click=${() => this.take(entity)}>${pick(entity.names, entity.name)}<small>${aside(entity)}</small></li>`)}
      ${found.length > SHOWN ? html`<li class="found-note">${t('fill.find_more', { count: this.all.length })}</li>` : ''}
      ${found.length ? '' : html`<li class="found-note">${t(this.all.length ? 'fill.find_none' : 'fill.find_empty')}</li>`}</ul>`;
  }

  /** @param {string} query */
  look(query) {
    this.query = query;
    this.active = 0;
    this.open = true;
  }

  /** @param {KeyboardEvent} event @param {Entity[]} found */
  key(event, found) {
    const last = Math.min(found.length, SHOWN) - 1;
    if (event.key === 'ArrowDown') this.active = Math.min(last, this.active + 1);
    else if (event.key === 'ArrowUp') this.active = Math.max(0, this.active - 1);
    else if (event.key === 'Enter' && found[this.active]) this.take(found[this.active]);
    else if (event.key === 'Escape') this.open = false;
    else return;
    event.preventDefault();
  }

  /** @param {Entity} entity */
  take(entity) {
    this.open = false;
    this.query = '';
    this.question.set(entity.id);
    this.question.touch();
  }
}

/** @param {Entity} entity */
const aside = ({ doc }) => [doc.code, doc.town].filter(Boolean).join(' · ');

customElements.define('rounds-entity', EntityChooser);
