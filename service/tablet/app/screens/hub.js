/** Syncing with a hub: asked for by a QR code or an address, and begun only when the hub has proved that it is one. */
import { html } from '../../vendor/lit.js';
import { askChallenge } from '../hub_proof.js';
import { t } from '../i18n.js';
import { header } from '../parts/bar.js';
import { hub, moveToHub, originOf } from '../place.js';
import { refusalText } from '../sign_in.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 */

export class HubView {
  #busy = false;
  #problem = '';

  /** @param {App} app @param {Desk} desk @param {string} address */
  constructor(app, desk, address) {
    this.app = app;
    this.desk = desk;
    this.origin = originOf(address);
  }

  render() {
    return html`${header({ title: t('hub.title'), back: '#/settings' })}
      <main class="settings"><section>
        ${this.origin ? this.#offer(this.origin) : html`<p class="problem" role="alert">${t('hub.no_address')}</p>`}
      </section></main>
      ${this.origin && hub()?.origin !== this.origin ? this.#foot(this.origin) : ''}`;
  }

  /** @param {string} origin */
  #offer(origin) {
    return html`<p>${t('hub.lead')}</p><p class="code">${origin}</p>
      <p class="problem" role="alert" ?hidden=${!this.#problem}>${this.#problem}</p>
      ${hub()?.origin === origin ? html`<p>${t('hub.here')}</p>` : ''}`;
  }

  /** @param {string} origin */
  #foot(origin) {
    return html`<footer class="foot"><button type="button" class="primary" ?disabled=${this.#busy} @click=${() => this.#move(origin)}>${t(this.#busy ? 'hub.busy' : 'hub.submit')}</button></footer>`;
  }

  /** @param {string} origin */
  async #move(origin) {
    this.#turn(true, '');
    try {
      const { hub: name } = await askChallenge(this.desk.profile, origin);
      await moveToHub({ origin, name });
    } catch (error) {
      return this.#turn(false, refusalText(error));
    }
    return this.app.moved();
  }

  /** @param {boolean} busy @param {string} problem */
  #turn(busy, problem) {
    this.#busy = busy;
    this.#problem = problem;
    this.app.update();
  }
}
