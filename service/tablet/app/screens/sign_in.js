/** Sign in, on a tablet that nobody is signed in on. */
import { html } from '../../vendor/lit.js';
import { LANGUAGES, language, t } from '../i18n.js';
import { prefer } from '../preferences.js';
import { arrived } from '../leaving.js';
import { deviceLabel, refusalText } from '../sign_in.js';

/** @typedef {import('../app.js').App} App */

export class SignIn {
  #busy = false;
  #problem = '';

  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  render() {
    return html`<main class="sheet sign-in">
      <div class="brand"><span class="brand-mark" aria-hidden="true"></span><h1>${t('app.name')}</h1></div>
      <p class="lead">${t('sign_in.lead')}</p>
      <form @submit=${(/** @type {SubmitEvent} */ event) => this.#submit(event)}>
        <label class="line">${t('sign_in.name')}
          <input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64">
        </label>
        <label class="line">${t('sign_in.password')}
          <input name="password" type="password" autocomplete="current-password" required maxlength="256">
        </label>
        <p class="problem" role="alert" ?hidden=${!this.#problem}>${this.#problem}</p>
        <button class="primary" ?disabled=${this.#busy}>${t(this.#busy ? 'sign_in.busy' : 'sign_in.submit')}</button>
      </form>
      ${languageSwitch()}
    </main>`;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.#turn(true, '');
    try {
      const profile = await this.app.session.signIn(String(data.get('name')).trim(), String(data.get('password')), deviceLabel());
      await arrived(this.app, profile);
      await this.app.open();
      this.app.go('#/', { replace: true });
    } catch (error) {
      this.#turn(false, refusalText(error));
    }
  }

  /** @param {boolean} busy @param {string} problem */
  #turn(busy, problem) {
    this.#busy = busy;
    this.#problem = problem;
    this.app.update();
  }
}

/** Each language is named in itself. */
export const NAMES = { 'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English' };

/** @param {() => void} [after] what is to follow; by default the screen is shown anew */
export const languageSwitch = (after = () => dispatchEvent(new Event('hashchange'))) => html`<nav class="languages" aria-label=${t('settings.language')}>
  ${LANGUAGES.map((each) => html`<button type="button" class="link" lang=${each} aria-pressed=${String(each === language())}
    @click=${() => prefer({ language: each }).then(after)}>${NAMES[each]}</button>`)}
</nav>`;
