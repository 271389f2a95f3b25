/** Choosing one or several of thousands of entities by typing part of a name. */
import { html, LitElement } from '../../vendor/lit.js';
import { entityOf, search } from '../entities.js';
import { pick, t } from '../i18n.js';
import { choiceText } from '../reading.js';

/** @typedef {import('../entities.js').Entity} Entity */

const SHOWN = 12;
const AFTER_TAP_MS = 150;

class EntityChooser extends LitElement {
  static properties = { question: { attribute: false }, value: { attribute: false }, catalogue: { attribute: false }, query: { state: true }, active: { state: true }, all: { state: true }, open: { state: true } };

  /** What is offered, and the question and the entities that it was worked out for. @type {[unknown, unknown, Entity[]]} */
  #offered = [null, null, []];

  constructor() {
    super();
    /** @type {import('./question.js').Question} */
    this.question = /** @type {any} */ (null);
    /** @type {string | string[] | undefined} */
    this.value = undefined;
    /** @type {import('../catalogue.js').Lookup} */
    this.catalogue = /** @type {any} */ (null);
    this.query = '';
    this.active = 0;
    this.open = false;
    /** Those of the kind; null while they are being read. @type {Entity[] | null} */
    this.all = null;
  }

  createRenderRoot() {
    return this;
  }

  willUpdate() {
    this.catalogue.entities(this.question.field.entity).then((all) => {
      if (this.all !== all) this.all = all;
    });
  }

  get isMany() {
    return this.question.field.type === 'select_many';
  }

  get ids() {
    return /** @type {string[]} */ ([this.value].flat().filter((id) => typeof id === 'string' && id !== ''));
  }

  render() {
    if (!this.isMany) return this.ids.length && !this.open ? this.chosen(this.ids[0]) : this.search();
    const chips = this.ids.length ? html`<ul class="chips">${this.ids.map((id) => this.chip(id))}</ul>` : '';
    return html`${chips}${this.question.readonly ? '' : this.search()}`;
  }

  /** @param {string} id */
  nameOf(id) {
    return choiceText(id, this.question.field, this.catalogue);
  }

  /** @param {string} id */
  chosen(id) {
    const entity = this.catalogue.entity(id);
    return html`<div class="chosen"><span class="chosen-name">${this.nameOf(id)}<small>${entity ? this.aside(entity) : ''}</small></span>
      ${this.question.readonly ? '' : html`<button type="button" id=${this.question.id} class="link" @click=${() => this.reopen()}>${t('fill.change')}</button>`}</div>`;
  }

  /** @param {string} id */
  chip(id) {
    const name = this.nameOf(id);
    const button = () => html`<button type="button" class="icon-button" aria-label=${t('fill.take_away', { name })} @click=${() => this.drop(id)}>×</button>`;
    return html`<li class="chip"><span>${name}</span>${this.question.readonly ? '' : button()}</li>`;
  }

  /** What tells it from others of its name. @param {Entity} entity */
  aside({ row }) {
    const place = typeof row.town === 'string' ? this.catalogue.entity(row.town) : undefined;
    return [row.code, place ? pick(place.names, place.name) : row.town].filter(Boolean).join(' · ');
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
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event, found)} @blur=${() => setTimeout(() => this.close(), AFTER_TAP_MS)}>
      ${this.open ? this.list(found) : ''}</div>`;
  }

  /** What the list holds: entities that the words are found in, then choices that are always there. */
  found() {
    if (!this.open) return [];
    const taken = new Set(this.isMany ? this.ids : []);
    const others = this.question.field.choices.filter(({ name }) => !taken.has(name));
    const found = search(this.offered(), this.query, SHOWN, taken);
    return [...found, ...others.map(({ name, label }) => entityOf({ _id: name, name, names: label }))];
  }

  /** The entities that the field's `choice_filter` lets through; worked out once for each change of what it reads. */
  offered() {
    const { question, all, catalogue } = this;
    const { field, path, filler } = question;
    if (!all || !field.choice_filter) return all ?? [];
    if (this.#offered[0] !== question || this.#offered[1] !== all) {
      const rows = filler.judgement.offeredEntities(field, path).filter(({ active }) => active !== false);
      this.#offered = [question, all, rows.flatMap(({ name }) => catalogue.entity(name) ?? [])];
    }
    return this.#offered[2];
  }

  /** @param {Entity[]} found */
  list(found) {
    const { id } = this.question;
    const count = this.offered().length;
    const isMore = found.length >= SHOWN && count > found.length;
    return html`<ul class="found" role="listbox" id="${id}-list">
      ${found.map((entity, index) => html`<li role="option" id="${id}-${index}" aria-selected=${String(index === this.active)}
        @pointerdown=${keepFocus} @mousedown=${keepFocus} @click=${() => this.take(entity)}>${pick(entity.names, entity.name)}<small>${this.aside(entity)}</small></li>`)}
      ${isMore ? html`<li class="found-note">${t('fill.find_more', { count })}</li>` : ''}
      ${found.length ? '' : html`<li class="found-note">${this.nothing()}</li>`}</ul>`;
  }

  /** Why the list is empty. */
  nothing() {
    if (!this.all) return t('fill.find_loading');
    return t(this.all.length ? 'fill.find_none' : 'fill.find_empty');
  }

  /** Unless somebody has come back meanwhile. */
  close() {
    if (!this.querySelector('.finder')?.contains(document.activeElement)) this.open = false;
  }

  /** @param {string} query */
  look(query) {
    this.query = query;
    this.active = 0;
    this.open = true;
  }

  /** @param {KeyboardEvent} event @param {Entity[]} found */
  key(event, found) {
    if (event.key === 'ArrowDown') this.active = Math.min(found.length - 1, this.active + 1);
    else if (event.key === 'ArrowUp') this.active = Math.max(0, this.active - 1);
    else if (event.key === 'Enter' && found[this.active]) this.take(found[this.active]);
    else if (event.key === 'Escape') this.open = false;
    else return;
    event.preventDefault();
  }

  /** @param {Entity} entity */
  take({ id }) {
    this.open = this.isMany;
    this.query = '';
    this.active = 0;
    this.question.set(this.isMany ? [...this.ids, id] : id);
    this.question.touch();
  }

  /** @param {string} id */
  drop(id) {
    const left = this.ids.filter((each) => each !== id);
    this.question.set(left.length ? left : undefined);
    this.question.touch();
  }
}

/** A press on the list, however long, does not close it. @param {Event} event */
const keepFocus = (event) => event.preventDefault();

customElements.define('rounds-entity', EntityChooser);
