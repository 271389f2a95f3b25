/** The drafts that can be tried on this tablet. */
import { html } from '../../vendor/lit.js';
import { get } from '../api.js';
import { showAgo } from '../format.js';
import { pick, t } from '../i18n.js';
import { header } from '../parts/bar.js';
import { trialAddress } from '../routes.js';
import { refusalText } from '../sign_in.js';

/** @typedef {{form: string, title: import('../i18n.js').Texts, by: string, at: string, faults: number}} Listed */

/** Roles that may try drafts; the service asks again. */
const MAY_TRY = ['supervisor', 'office', 'admin'];

/** @param {import('../session.js').User} user */
export const mayTry = ({ roles }) => roles.some((role) => MAY_TRY.includes(role));

export class Trials {
  /** @type {Listed[] | null} */
  #drafts = null;
  #problem = '';

  /** @param {import('../app.js').App} app */
  constructor(app) {
    this.app = app;
    this.#read();
  }

  async #read() {
    try {
      this.#drafts = (await get('/drafts', { authorization: `Bearer ${await this.app.session.token()}` })).items;
    } catch (error) {
      this.#problem = refusalText(error);
    }
    this.app.update();
  }

  render() {
    return html`${header({ title: t('trial.title'), back: '#/settings' })}
      <main class="trials"><p class="soft">${t('trial.lead')}</p>
        ${this.#problem ? html`<p class="problem" role="alert">${this.#problem}</p>` : this.#list()}</main>`;
  }

  #list() {
    if (!this.#drafts) return html`<p class="empty">${t('value.loading')}</p>`;
    if (!this.#drafts.length) return html`<p class="empty">${t('trial.none')}</p>`;
    return html`<ul class="rows">${this.#drafts.map(({ form, title, by, at, faults }) => html`<li><a class="row" href=${trialAddress(form)}>
      <span class="row-title">${pick(title, form)}</span>
      <span class="row-sub">${form} · ${by}</span>
      <span class="row-state">${faults ? html`<span class="problem">${t('trial.mistakes', { count: faults })}</span>` : ''}</span>
      <span class="row-when">${showAgo(Date.parse(at))}</span></a></li>`)}</ul>`;
  }
}
