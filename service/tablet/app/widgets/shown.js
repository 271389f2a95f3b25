/** What a question or a choice shows: pictures, sounds and films that were published with the form. */
import { html, LitElement, nothing } from '../../vendor/lit.js';
import { language, pick, t } from '../i18n.js';

/**
 * @typedef {import('../core/form.js').Media} Media
 * @typedef {import('../core/form.js').Form} Form
 */

class Shown extends LitElement {
  static properties = { media: { attribute: false }, form: { attribute: false }, catalogue: { attribute: false }, small: { attribute: false }, language: { attribute: false }, addresses: { state: true } };

  constructor() {
    super();
    /** @type {Media} */
    this.media = {};
    /** @type {Form} */
    this.form = /** @type {any} */ (null);
    /** @type {Pick<import('../catalogue.js').Lookup, 'file'>} */
    this.catalogue = /** @type {any} */ (null);
    /** Within a choice, where a touch chooses. */
    this.small = false;
    /** Of the screen: another one may show another file. */
    this.language = '';
    /** By kind; null: not to be had. @type {Record<string, string | null>} */
    this.addresses = {};
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('addresses') && changed.size === 1) return;
    for (const kind of Object.keys(this.media)) {
      const take = (/** @type {string | null} */ address) => (this.addresses = { ...this.addresses, [kind]: address });
      this.catalogue.file(this.form, this.name(kind)).then(take, () => take(null));
    }
  }

  /** @param {string} kind */
  name(kind) {
    return pick(this.media[kind]);
  }

  render() {
    return html`${this.picture()}${this.played('audio', (address) => html`<audio controls preload="none" src=${address} aria-label=${this.name('audio')}></audio>`)}
      ${this.played('video', (address) => html`<video controls preload="metadata" src=${address} aria-label=${this.name('video')}></video>`)}`;
  }

  picture() {
    return this.played('image', (address) => {
      const image = html`<img src=${address} alt=${this.name('image')}>`;
      const big = this.addresses['big-image'] ?? address;
      return this.small ? image : html`<a href=${big} target="_blank" rel="noopener">${image}</a>`;
    });
  }

  /** @param {string} kind @param {(address: string) => unknown} drawn */
  played(kind, drawn) {
    const address = this.media[kind] ? this.addresses[kind] : undefined;
    if (address === undefined) return nothing;
    return address === null ? html`<span class="absent">${t('fill.file_missing', { name: this.name(kind) })}</span>` : drawn(address);
  }
}

customElements.define('rounds-shown', Shown);

/** What stands beside a label. @param {import('../screens/filler.js').Filler} filler @param {Media | undefined} media @param {boolean} [small] */
export const shown = (filler, media, small = false) =>
  media && Object.keys(media).length
    ? html`<rounds-shown class="shown" .media=${media} .form=${filler.form} .catalogue=${filler.desk.catalogue} .small=${small} .language=${language()}></rounds-shown>`
    : nothing;
