/** Filling a form: the draft, its logic live, and sending it. */
import { html, repeat } from '../../vendor/lit.js';
import { lookedUp } from '../core/form.js';
import { equal } from '../core/edits.js';
import { Judgement } from '../core/judge.js';
import { ulid } from '../core/ulid.js';
import { startingRow } from '../defaults.js';
import { withCounted } from '../rows.js';
import { Drawn } from '../drawn.js';
import { showTime } from '../format.js';
import { language, pick, problemMessages, t } from '../i18n.js';
import { filesIn } from '../media_paths.js';
import { header } from '../parts/bar.js';
import { summaryOf } from '../reading.js';
import { recordAddress } from '../routes.js';
import { sectionsOf } from '../sections.js';
import { SittingError } from '../sittings.js';
import { valueAt, withoutRow, withRow, withValue } from '../values.js';
import { question } from '../widgets/question.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 * @typedef {import('../drafts.js').Draft} Draft
 * @typedef {import('../catalogue.js').Form} Form
 * @typedef {import('../core/form.js').Field} Field
 * @typedef {import('../core/judge.js').Problem} Problem
 *
 * @typedef {object} Bench what a form is filled at: a person's desk, or that of a trial
 * @property {import('../catalogue.js').Lookup} catalogue
 * @property {Pick<import('../drafts.js').Drafts, 'all' | 'save' | 'drop'>} drafts
 * @property {Pick<import('../pictures.js').Pictures, 'add' | 'address' | 'drop'>} pictures
 * @property {Pick<import('../sittings.js').Sittings, 'send' | 'beginning'>} sittings
 */

/** Fields that trigger each other in a circle come to rest, or are left as they are. */
const TRIGGER_ROUNDS = 20;
/** Of groups and repeats in each other, as schemas/definition.py has it. */
const MOST_DEPTH = 10;

export class Filler {
  /** Paths whose problems may be shown: the person has been there. @type {Set<string>} */
  #touched = new Set();
  #attempted = false;
  #sending = false;
  /** Sent or thrown away: what still comes in belongs to nothing any more. */
  #closed = false;
  /** Pictures that are just being made ready. */
  #working = 0;
  /** When the draft last reached the disk. */
  #kept = 0;
  /** Something typed is not on the disk yet. */
  #waiting = false;
  /** Another screen is shown. */
  #left = false;

  /** @param {App} app @param {Desk} desk @param {string} record @returns {Promise<import('../app.js').Screen>} */
  static async open(app, desk, record) {
    const draft = desk.drafts.of(record);
    const form = draft && desk.catalogue.form(draft.form, draft.version);
    if (draft && form) {
      await Promise.all(lookedUp(form).map((kind) => desk.catalogue.entities(kind)));
      return new Filler(app, desk, draft, form);
    }
    // Sent from another window, or thrown away: the record is what there is to see.
    app.go(desk.records.get(record) ? recordAddress(record) : '#/', { replace: true });
    return { render: () => '' };
  }

  /** @param {App} app @param {Bench} desk @param {Draft} draft @param {Form} form */
  constructor(app, desk, draft, form) {
    this.app = app;
    this.desk = desk;
    this.draft = draft;
    this.#kept = draft.saved;
    this.form = form;
    this.sections = sectionsOf(form);
    this.drawn = new Drawn();
    const entities = (/** @type {string} */ kind) => desk.catalogue.register(kind);
    this.judgement = new Judgement(form, { state: 'submitted', messages: problemMessages, entities });
    this.#judge();
    this.drawn.fill(() => app.draw(), () => !this.#left);
  }

  leave() {
    this.#left = true;
  }

  #judge() {
    this.drawn.touch(this.judgement.become(this.draft.values, Date.now()));
    for (let round = 0; this.judgement.fired.size && round < TRIGGER_ROUNDS; round += 1) {
      for (const [path, value] of this.judgement.fired) this.draft = { ...this.draft, values: withValue(this.draft.values, path, value) };
      this.drawn.touch(this.judgement.become(this.draft.values, Date.now()));
    }
    this.#count();
    // What runs here alone has to travel in the edit: nobody works it out again.
    for (const [path, value] of this.judgement.stored) {
      if (!equal(valueAt(this.draft.values, path) ?? null, value)) this.draft = { ...this.draft, values: withValue(this.draft.values, path, value ?? undefined) };
    }
  }

  /** Make the rows that are to be there. Rows may hold repeats that count theirs: as often as forms nest. */
  #count() {
    const { form, judgement } = this;
    for (let depth = 0; judgement.counted.size && depth < MOST_DEPTH; depth += 1) {
      const values = withCounted(form, this.draft.values, judgement.counted, this.desk.sittings.beginning(form));
      if (values === this.draft.values) return;
      this.draft = { ...this.draft, values };
      this.drawn.touch(judgement.become(values, Date.now()));
    }
  }

  /** Take over new values: judge them, keep them, show them. @param {import('../values.js').Values} values */
  #become(values) {
    if (this.#closed || this.#sending) return;
    this.draft = { ...this.draft, values, saved: Date.now() };
    this.#judge();
    const { draft } = this;
    this.#waiting = true;
    this.desk.drafts.save(draft).then(
      () => {
        this.#kept = Math.max(this.#kept, draft.saved);
        if (this.draft === draft) this.#waiting = false;
        this.app.update();
      },
      (error) => this.app.toasts.say(t('fill.not_saved', { why: error.message })),
    );
    this.app.update();
  }

  /** @param {string} path @param {unknown} value undefined: nothing */
  set(path, value) {
    this.drawn.touch([path]); // even if it comes to the same value: what was typed may be written otherwise
    this.#become(withValue(this.draft.values, path, value));
  }

  /** A picture is being made ready, or is: nothing is sent meanwhile. @param {1 | -1} more */
  work(more) {
    this.#working += more;
    this.app.update();
  }

  /** The person has been at this question. @param {string} path */
  touch(path) {
    this.#touched.add(path);
    this.drawn.touch([path]);
    this.app.update();
  }

  /** What is wrong at `path` and may be said by now. @param {string} path @returns {Problem[]} */
  problemsAt(path) {
    if (!this.#attempted && !this.#touched.has(path)) return [];
    return this.judgement.problemsAt(path);
  }

  /** What the person typed, or what the form computed. @param {Field} field @param {string} path */
  valueAt(field, path) {
    return field.is_shown ? this.judgement.computedAt(field, path) : valueAt(this.draft.values, path);
  }

  /** @param {Field} field @param {string} path of the repeat */
  addRow(field, path) {
    const row = { _row: ulid(), ...startingRow(this.form, field, this.desk.sittings.beginning(this.form)) };
    this.drawn.complete();
    this.#become(withRow(this.draft.values, path, row));
    requestAnimationFrame(() => focusIn(`${path}/${row._row}`));
  }

  /** @param {Field} field @param {string} path @param {import('../values.js').Row} row */
  removeRow(field, path, row) {
    this.#become(withoutRow(this.draft.values, path, row._row));
    const act = () => this.#become(withRow(this.draft.values, path, row));
    this.app.toasts.say(t('fill.row_removed', { row: pick(field.row_label, pick(field.label)) }), { action: t('undo'), act });
  }

  render() {
    const { draft, form, judgement } = this;
    this.drawn.follow(`${language()} ${this.desk.catalogue.revision}`);
    const [title] = summaryOf(form, draft.values, this.desk.catalogue);
    return html`${header({ title: html`${pick(form.title)}${title ? html`<small>${title}</small>` : ''}`, back: this.back, aside: this.menu() })}
      ${this.band()}
      <div class="filler">
        ${this.#outline()}
        <main class="form" ?inert=${this.#sending}>
          ${repeat(this.sections, (section) => section.id, (section) => this.#section(section))}
        </main>
      </div>
      <footer class="foot">
        ${this.note()}
        ${judgement.problems.length ? this.#toFirst(judgement.problems.length) : this.#send()}
      </footer>`;
  }

  get back() {
    return '#/';
  }

  /** What stands below the head. @returns {unknown} */
  band() {
    return '';
  }

  /** What stands beside the button. @returns {unknown} */
  note() {
    return html`<span class="saved" data-kept=${String(!this.#waiting)}>${t('fill.saved', { when: showTime(this.#kept) })}</span>`;
  }

  /** What the button does once nothing is wrong any more. */
  get finish() {
    return t('fill.send');
  }

  /** @returns {unknown} */
  menu() {
    return html`<button type="button" class="link" @click=${() => this.#discard()}>${t(this.draft.changes ? 'fill.discard_changes' : 'fill.discard')}</button>`;
  }

  #outline() {
    const shown = this.sections.filter((section) => section.title && this.#isShown(section));
    const counts = this.#problemCounts();
    return html`<nav class="outline" aria-label=${t('fill.outline')}><ol>
      ${shown.map((section) => {
        const open = section.fields.reduce((sum, { name }) => sum + (counts.get(name) ?? 0), 0);
        return html`<li><button type="button" @click=${() => this.#reveal(section.id)}>
          <span>${pick(section.title)}</span><span class=${open ? 'soft' : 'done'}>${open || '✓'}</span></button></li>`;
      })}</ol></nav>`;
  }

  /** @param {import('../sections.js').Section} section */
  #isShown(section) {
    return section.fields.some((field) => this.judgement.isRelevant(field.path));
  }

  /** How much is to do, by the name of the outermost field. @returns {Map<string, number>} */
  #problemCounts() {
    const counts = new Map();
    for (const { path } of this.judgement.problems) {
      const name = path.split('/', 2)[1];
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** @param {string} id of a section */
  #reveal(id) {
    this.drawn.complete();
    this.app.draw();
    reveal(document.getElementById(id));
  }

  /** @param {import('../sections.js').Section} section */
  #section(section) {
    if (!this.#isShown(section)) return '';
    return html`<section class="card" id=${section.id}>
      ${section.title ? html`<h2>${pick(section.title)}</h2>` : ''}
      ${section.fields.map((field) => question(this, field, field.path))}</section>`;
  }

  /** @param {number} count */
  #toFirst(count) {
    return html`<button type="button" class="primary" @click=${() => this.#showProblems()}>${t('fill.to_do', { count })}</button>`;
  }

  #send() {
    return html`<button type="button" class="primary" ?disabled=${this.#sending || this.#working > 0} @click=${() => this.#submit()}>${this.finish}</button>`;
  }

  #showProblems() {
    this.#attempted = true;
    this.drawn.renew();
    this.drawn.complete();
    this.app.draw();
    focusIn(this.judgement.problems[0].path);
  }

  async #submit() {
    // What is typed from here on would be shown and not taken: an inert place keeps the focus until it is drawn.
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    this.#judge();
    if (this.judgement.problems.length) return this.#showProblems();
    this.#sending = true;
    this.app.update();
    try {
      await this.handIn(filesIn(this.form.fields, this.judgement.answers));
    } catch (error) {
      const why = error instanceof SittingError ? t(error.code) : t('fill.not_saved', { why: /** @type {Error} */ (error).message });
      this.app.toasts.say(why);
    } finally {
      this.#sending = false;
      this.app.update();
    }
    return undefined;
  }

  /** What is filled is whole: hand it in. @param {string[]} pictures digests that the answers hold @returns {Promise<void>} */
  async handIn(pictures) {
    await this.desk.sittings.send(this.draft, this.form, pictures, this.#needed());
    this.#closed = true;
    this.app.toasts.say(t(navigator.onLine ? 'fill.sent' : 'fill.sent_offline'));
    this.app.go(recordAddress(this.draft.record), { replace: true });
  }

  /** Pictures that other drafts hold. */
  #needed() {
    const { catalogue, drafts } = this.desk;
    const others = drafts.all().filter(({ record }) => record !== this.draft.record);
    return new Set(others.flatMap((draft) => filesIn(catalogue.form(draft.form, draft.version)?.fields ?? [], draft.values)));
  }

  async #discard() {
    const { draft, desk, app } = this;
    this.#closed = true;
    await desk.drafts.drop(draft.record);
    app.go(draft.changes ? recordAddress(draft.record) : '#/', { replace: true });
    app.toasts.say(t('fill.discarded'), {
      action: t('undo'),
      act: () => void desk.drafts.save(draft).then(() => app.go(`#/fill/${encodeURIComponent(draft.record)}`)),
      gone: () => void desk.pictures.drop(filesIn(this.form.fields, draft.values), this.#needed()),
    });
  }
}

/** @param {string} path */
function focusIn(path) {
  const place = document.querySelector(`[data-path="${CSS.escape(path)}"]`);
  reveal(place);
  const control = place?.querySelector('input:not([hidden]):not(.unseen), textarea, select, button, canvas');
  if (control instanceof HTMLElement) control.focus({ preventScroll: true });
}

/** @param {Element | null} place */
const reveal = (place) => place?.scrollIntoView({ block: 'start' });
