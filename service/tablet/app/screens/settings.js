/** Language, theme, what is still on this tablet, and leaving it. */
import { html } from '../../vendor/lit.js';
import { allSent, leave } from '../leaving.js';
import { LANGUAGES, language, t } from '../i18n.js';
import { showBytes } from '../format.js';
import { connectionBar, header, stillHere } from '../parts/bar.js';
import { SaveFile } from '../parts/save_file.js';
import { hub, moveToOffice } from '../place.js';
import { hubAddress } from '../routes.js';
import { prefer, preferences, THEMES } from '../preferences.js';
import { deviceLabel, refusalText } from '../sign_in.js';
import { NAMES } from './sign_in.js';
import { mayTry } from './trials.js';
import { teamName } from '../session.js';
import { skewText } from '../skew.js';
import { VERSION } from '../version.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 */

export class Settings {
  #problem = '';
  #warned = false;

  /** @param {App} app @param {Desk} desk */
  constructor(app, desk) {
    this.app = app;
    this.desk = desk;
    this.saveFile = new SaveFile(app, desk);
  }

  render() {
    const { user, device } = this.desk.profile;
    return html`${header({ title: t('settings.title'), back: '#/' })}
      ${connectionBar(this.app, this.desk)}
      <main class="settings">
        ${this.desk.sync.status().locked ? this.#again() : ''}
        ${this.#choice('settings.language', LANGUAGES, language(), (each) => NAMES[each], (each) => prefer({ language: each }))}
        ${this.#choice('settings.theme', THEMES, preferences.theme, (each) => t(`theme.${each}`), (each) => prefer({ theme: each }))}
        ${this.#place()}
        ${this.#here()}
        ${this.saveFile.render()}
        ${mayTry(user) ? html`<section><h2>${t('trial.title')}</h2><a class="row" href="#/try">${t('trial.lead')}</a></section>` : ''}
        <section><h2>${t('settings.account')}</h2>
          <dl class="facts">
            <div><dt>${t('settings.user')}</dt><dd>${user.display_name}（${user.name}）</dd></div>
            <div><dt>${t('settings.teams')}</dt><dd>${user.teams.map((team) => teamName(user, team)).join(t('value.and'))}</dd></div>
            <div><dt>${t('settings.device')}</dt><dd class="code">${device}</dd></div>
            <div><dt>${t('settings.clock')}</dt><dd>${skewText(this.app.contact.skew.ms)}</dd></div>
            <div><dt>${t('settings.version')}</dt><dd class="code">${VERSION}</dd></div>
          </dl>
          ${this.#leaving()}</section>
      </main>`;
  }

  /**
   * @template {string} T
   * @param {string} title @param {readonly T[]} all @param {T} chosen @param {(each: T) => string} name @param {(each: T) => Promise<void>} choose
   */
  #choice(title, all, chosen, name, choose) {
    return html`<fieldset class="segments" data-count=${all.length}><legend>${t(title)}</legend>
      ${all.map((each) => html`<label><input type="radio" name=${title} .checked=${each === chosen}
        @change=${() => choose(each).then(() => this.app.update())}><span>${name(each)}</span></label>`)}</fieldset>`;
  }

  #here() {
    const { records, files, bytes } = stillHere(this.desk);
    const drafts = this.desk.drafts.all().length;
    const refused = this.desk.unsent.refusals().length;
    return html`<section><h2>${t('settings.here')}</h2>
      <dl class="facts">
        <div><dt>${t('settings.drafts')}</dt><dd>${drafts}</dd></div>
        <div><dt>${t('settings.unsent_records')}</dt><dd>${records}</dd></div>
        <div><dt>${t('settings.unsent_files')}</dt><dd>${files}${files ? ` (${showBytes(bytes)})` : ''}</dd></div>
      </dl>
      ${refused ? html`<p class="notice"><span>${t('settings.refused', { count: refused })}</span>
        <button type="button" class="link" @click=${() => this.#offer()}>${t('record.send_again')}</button></p>` : ''}</section>`;
  }

  #place() {
    const at = hub();
    return html`<section><h2>${t('settings.place')}</h2>
      <p>${at ? t('settings.at_hub', { name: at.name }) : t('settings.at_office')}</p>
      ${at
        ? html`<p class="code">${at.origin}</p><button type="button" class="secondary" @click=${() => this.#toOffice()}>${t('settings.to_office')}</button>`
        : html`<form @submit=${(/** @type {SubmitEvent} */ event) => this.#toHub(event)}>
          <label class="line">${t('settings.hub_address')}<input name="address" inputmode="url" autocapitalize="none" spellcheck="false" placeholder="https://192.168.43.1:8443" required maxlength="200"></label>
          <button class="secondary">${t('settings.to_hub')}</button></form>`}</section>`;
  }

  /** @param {SubmitEvent} event */
  #toHub(event) {
    event.preventDefault();
    this.app.go(hubAddress(String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('address'))));
  }

  async #toOffice() {
    await moveToOffice();
    await this.app.moved();
  }

  async #offer() {
    await this.desk.sync.offerAgain().then(
      () => this.app.toasts.say(t('settings.offered')),
      () => this.app.toasts.say(t('refusal.no_network')),
    );
  }

  #again() {
    return html`<section class="notice again"><h2>${t('settings.again')}</h2><p>${t('settings.again_why')}</p>
      <form @submit=${(/** @type {SubmitEvent} */ event) => this.#signInAgain(event)}>
        <label class="line">${t('sign_in.password')}<input name="password" type="password" autocomplete="current-password" required></label>
        <p class="problem" role="alert" ?hidden=${!this.#problem}>${this.#problem}</p>
        <button class="primary">${t('sign_in.submit')}</button>
      </form></section>`;
  }

  /** @param {SubmitEvent} event */
  async #signInAgain(event) {
    event.preventDefault();
    const password = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('password'));
    try {
      await this.app.session.signIn(this.desk.profile.user.name, password, deviceLabel());
      this.#problem = '';
    } catch (error) {
      this.#problem = refusalText(error);
    }
    this.app.update();
  }

  #leaving() {
    if (!this.#warned) {
      return html`<button type="button" class="secondary" @click=${() => this.#askToLeave()}>${t('leave.submit')}</button>`;
    }
    const { records, files } = stillHere(this.desk);
    const count = records + files + this.desk.drafts.all().length;
    return html`<div class="notice" role="alert"><p>${t('leave.warning', { count })}</p>
      <div class="buttons"><button type="button" class="secondary" @click=${() => this.#stay()}>${t('leave.stay')}</button>
      <button type="button" class="link" @click=${() => leave(this.app)}>${t('leave.keep')}</button></div></div>`;
  }

  #askToLeave() {
    if (allSent(this.desk)) return void leave(this.app);
    this.#warned = true;
    return this.app.update();
  }

  #stay() {
    this.#warned = false;
    this.app.update();
  }
}
