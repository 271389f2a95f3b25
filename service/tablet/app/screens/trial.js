/** Trying a form that is not published: its mistakes where it has any, else the form as it will be, and its verdict. */
import { html } from '../../vendor/lit.js';
import { get } from '../api.js';
import { carried } from '../carried.js';
import { lookedUp, parseForm } from '../core/form.js';
import { pick, t } from '../i18n.js';
import { header } from '../parts/bar.js';
import { GLYPHS } from '../state.js';
import { refusalText } from '../sign_in.js';
import { LoosePictures, Samples, trialBench, trialDraft } from '../trial.js';
import { Filler } from './filler.js';
import { languageSwitch } from './sign_in.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../core/form.js').Form} Form
 * @typedef {import('../values.js').Values} Values
 * @typedef {{line: number, column: number, path: string, code: string, sentence: string}} Fault
 * @typedef {{form: string, text: string, definition: any, faults: Fault[], entities?: Record<string, any[]>}} Told
 *
 * @typedef {object} Source where the form under trial comes from
 * @property {() => Promise<Told>} read raises `Refusal`
 * @property {string} back the screen before
 * @property {import('../catalogue.js').Lookup | null} catalogue null: that which the form brings along
 * @property {boolean} watched look for changes all the time
 */

const LOOK_MS = 1_000;

export class Trial {
  /** What was read last. @type {Told | null} */
  #told = null;
  #problem = '';
  #pictures = new LoosePictures();
  /** @type {TrialFiller | null} */
  #filler = null;
  #judged = false;
  #left = false;

  /** A draft that the office keeps. @param {App} app @param {import('../app.js').Desk} desk @param {string} form */
  static ofDraft(app, desk, form) {
    const read = async () => get(`/drafts/${encodeURIComponent(form)}`, { authorization: `Bearer ${await app.session.token()}` });
    return Trial.#open(app, { read, back: '#/try', catalogue: desk.catalogue, watched: false });
  }

  /** A file that its author is just writing: `rounds forms preview`. @param {App} app */
  static preview(app) {
    return Trial.#open(app, { read: () => get('/preview'), back: '', catalogue: null, watched: true });
  }

  /** @param {App} app @param {Source} source @returns {Promise<Trial>} */
  static async #open(app, source) {
    const trial = new Trial(app, source);
    await trial.look();
    if (source.watched) trial.#watch();
    return trial;
  }

  /** @param {App} app @param {Source} source */
  constructor(app, source) {
    this.app = app;
    this.source = source;
  }

  /** Read the form again, and take over what has changed. */
  async look() {
    try {
      const told = await this.source.read();
      this.#problem = '';
      if (told.text !== this.#told?.text) await this.#take(told);
    } catch (error) {
      this.#problem = refusalText(error);
    }
    this.app.update();
  }

  async #watch() {
    while (!this.#left) {
      await new Promise((wake) => setTimeout(wake, LOOK_MS));
      if (!this.#left) await this.look();
    }
  }

  /** @param {Told} told */
  async #take(told) {
    this.#told = told;
    if (!told.definition) return;
    const form = parseForm(told.definition);
    const old = this.#filler;
    const values = old ? carried(old.draft.values, old.form.fields, form.fields) : {};
    await this.#begin(form, values);
  }

  /** @param {Form} form @param {Values} values what is filled in already */
  async #begin(form, values) {
    const { catalogue } = this.source;
    const lookup = catalogue ?? new Samples(this.#told?.entities ?? {});
    await Promise.all(lookedUp(form).map((kind) => lookup.entities(kind)));
    this.#filler = new TrialFiller(this, trialBench(lookup, this.#pictures), form, values);
  }

  /** Begin anew with nothing filled in. */
  again() {
    this.#judged = false;
    if (this.#filler) this.#begin(this.#filler.form, {}).then(() => this.app.update());
  }

  /** Show the verdict, or the form again. @param {boolean} judged */
  judge(judged) {
    this.#judged = judged;
    this.app.draw();
    scrollTo(0, 0);
  }

  leave() {
    this.#left = true;
    this.#pictures.empty();
  }

  render() {
    if (this.#told && !this.#told.definition) return this.#faults(this.#told);
    if (!this.#filler) return html`${header({ title: t('trial.title'), back: this.source.back })}<main><p class="empty">${this.#problem}</p></main>`;
    return this.#judged ? this.#verdict(this.#filler) : this.#filler.render();
  }

  /** What says on every screen of a trial that it is one. */
  band() {
    return html`<section class="trial-band" aria-label=${t('trial.title')}>
      <p><strong>${t('trial.word')}</strong> ${t('trial.band')}</p>
      ${this.source.watched ? languageSwitch(() => this.#reread()) : html`<button type="button" class="link" @click=${() => this.look()}>${t('trial.reload')}</button>`}
      ${this.#problem ? html`<p class="problem" role="status">${this.source.watched ? t('trial.stopped') : this.#problem}</p>` : ''}
    </section>`;
  }

  /** The sentences about mistakes come in the language of the screen. */
  #reread() {
    if (this.#told && !this.#told.definition) this.#told = { ...this.#told, text: '' };
    this.look();
  }

  /** @param {Told} told */
  #faults({ form, text, faults }) {
    const lines = text.split(/\r\n|\r|\n/);
    return html`${header({ title: form, back: this.source.back })}${this.band()}
      <main class="faults"><h2>${t('trial.faults', { count: faults.length })}</h2>
      <ol class="rows">${faults.map((fault) => html`<li class="fault">
        <p class="soft">${t('trial.where', { line: fault.line, column: fault.column })} ${fault.path ? html`<code>${fault.path}</code>` : ''}</p>
        <p class="problem">${fault.sentence}</p>
        ${excerpt(lines[fault.line - 1] ?? '', fault.column)}</li>`)}</ol></main>`;
  }

  /** What the judge says of the answers as they are. @param {TrialFiller} filler */
  #verdict({ judgement, form }) {
    const { problems, answers } = judgement;
    const state = problems.length ? 'returned' : 'accepted';
    return html`${header({ title: pick(form.title) })}${this.band()}
      <main class="trial-verdict">
        <section class="card" data-state=${state}><h2><span class="state" data-state=${state}><span class="glyph" aria-hidden="true">${GLYPHS[state]}</span></span>
          ${t(`trial.${state}`, { count: problems.length })}</h2>
          <ul>${problems.map((problem) => html`<li><p class="problem">${pick(problem.message)}</p><code class="soft">${problem.path}</code></li>`)}</ul></section>
        <section><h2>${t('trial.answers')}</h2><pre class="code" tabindex="0">${JSON.stringify(answers, null, 2)}</pre></section>
      </main>
      <footer class="foot"><button type="button" class="primary" @click=${() => this.judge(false)}>${t('trial.back')}</button></footer>`;
  }
}

/** A form that is filled to see how it works. */
class TrialFiller extends Filler {
  /** @param {Trial} trial @param {ReturnType<typeof trialBench>} bench @param {Form} form @param {Values} values */
  constructor(trial, bench, form, values) {
    super(trial.app, bench, trialDraft(form, values), form);
    this.trial = trial;
  }

  get back() {
    return this.trial.source.back;
  }

  band() {
    return this.trial.band();
  }

  note() {
    return html`<button type="button" class="link" @click=${() => this.trial.judge(true)}>${t('trial.verdict')}</button>`;
  }

  get finish() {
    return t('trial.finish');
  }

  menu() {
    return html`<button type="button" class="link" @click=${() => this.trial.again()}>${t('trial.again')}</button>`;
  }

  async handIn() {
    this.trial.judge(true);
  }
}

const AROUND = 60;

/** The line of the file that a mistake stands in, with the place marked. @param {string} line @param {number} column */
function excerpt(line, column) {
  const at = column - 1;
  const before = line.slice(Math.max(0, at - AROUND), at).trimStart();
  return html`<pre class="code">${before}<mark>${line.slice(at, at + 1) || ' '}</mark>${line.slice(at + 1, at + AROUND)}</pre>`;
}
