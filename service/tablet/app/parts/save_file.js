/** Saving unsent work to a file: how it is to be sealed, how far it is, and where it went. */
import { html } from '../../vendor/lit.js';
import { bundleOf, officeKey } from '../bundles.js';
import { byPassphrase, toOffice } from '../core/sealing.js';
import { showBytes } from '../format.js';
import { t } from '../i18n.js';
import { stillHere } from './bar.js';

/**
 * @typedef {import('../app.js').App} App @typedef {import('../app.js').Desk} Desk
 * @typedef {'open' | 'passphrase' | 'office'} Way
 */

const LEAST = 8;

export class SaveFile {
  /** @type {Way} */
  #way = 'open';
  #busy = false;
  #done = 0;
  #problem = '';
  /** @type {import('../bundles.js').Saved | null} */
  #saved = null;
  /** @type {import('../core/signature.js').PublicJwk | null} */
  #key = null;

  /** @param {App} app @param {Desk} desk */
  constructor(app, desk) {
    this.app = app;
    this.desk = desk;
    officeKey(desk.sync).then((key) => {
      this.#key = key;
      app.update();
    }, () => undefined);
  }

  render() {
    const { records, files } = stillHere(this.desk);
    if (!records && !files && !this.#saved) return '';
    return html`<section class="save-file"><h2>${t('bundle.title')}</h2><p class="soft">${t('bundle.why')}</p>
      ${this.#saved ? this.#told() : html`<form @submit=${(/** @type {SubmitEvent} */ event) => this.#submit(event)}>${this.#form()}</form>`}</section>`;
  }

  #form() {
    const ways = /** @type {Way[]} */ (['open', 'passphrase', ...(this.#key ? ['office'] : [])]);
    return html`<fieldset class="segments" data-count=${ways.length}><legend>${t('bundle.how')}</legend>
      ${ways.map((way) => html`<label><input type="radio" name="way" .checked=${way === this.#way} @change=${() => this.#choose(way)}><span>${t(`bundle.way_${way}`)}</span></label>`)}</fieldset>
      ${this.#way === 'passphrase' ? html`<label class="line">${t('bundle.passphrase')}
        <input name="passphrase" type="text" autocomplete="off" autocapitalize="none" spellcheck="false" required minlength=${LEAST} maxlength="256"></label>` : ''}
      <p class="problem" role="alert" ?hidden=${!this.#problem}>${this.#problem}</p>
      <button class="secondary" ?disabled=${this.#busy}>${this.#busy ? t('bundle.busy', { bytes: showBytes(this.#done) }) : t('bundle.save')}</button>`;
  }

  #told() {
    const { file, documents, files } = /** @type {import('../bundles.js').Saved} */ (this.#saved);
    return html`<p role="status">${t('bundle.saved', { file: file.name, documents, files, size: showBytes(file.size) })}</p>
      <div class="buttons"><button type="button" class="secondary" @click=${() => download(file)}>${t('bundle.download')}</button>
      ${navigator.canShare?.({ files: [file] }) ? html`<button type="button" class="secondary" @click=${() => share(file)}>${t('bundle.share')}</button>` : ''}
      <button type="button" class="link" @click=${() => this.#turn({ saved: null })}>${t('bundle.anew')}</button></div>`;
  }

  /** @param {Way} way */
  #choose(way) {
    this.#way = way;
    this.app.update();
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const passphrase = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('passphrase') ?? '');
    this.#turn({ busy: true });
    try {
      const told = (/** @type {number} */ done) => this.#turn({ busy: true, done });
      const saved = await bundleOf(this.desk.sync, this.app.session, { seal: await this.#seal(passphrase), told });
      this.#turn({ saved });
      download(saved.file);
    } catch (error) {
      console.error(error);
      this.#turn({ problem: t('bundle.failed') });
    }
  }

  /** @param {string} passphrase */
  #seal(passphrase) {
    if (this.#way === 'passphrase') return byPassphrase(passphrase);
    return this.#way === 'office' && this.#key ? toOffice(this.#key) : null;
  }

  /** @param {{busy?: boolean, done?: number, problem?: string, saved?: import('../bundles.js').Saved | null}} to */
  #turn({ busy = false, done = 0, problem = '', saved = null }) {
    this.#busy = busy;
    this.#done = done;
    this.#problem = problem;
    this.#saved = saved;
    this.app.update();
  }
}

/** @param {File} file */
function download(file) {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = file.name;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {File} file */
function share(file) {
  navigator.share({ files: [file] }).catch(() => undefined); // the person changed their mind
}
