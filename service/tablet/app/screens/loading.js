/** The first load on its way: how much of what is here, and a way not to wait for it. */
import { html } from '../../vendor/lit.js';
import { showBytes } from '../format.js';
import { t } from '../i18n.js';
import { languageSwitch } from './sign_in.js';

/** @typedef {import('../first_load.js').FirstLoad} FirstLoad @typedef {import('../first_load.js').Part} Part */

export class Loading {
  /** @param {FirstLoad} load */
  constructor(load) {
    this.load = load;
  }

  render() {
    return html`<main class="sheet loading">
      <h1>${t('loading.title')}</h1>
      <p class="lead">${t('loading.lead')}</p>
      <ul class="loads" aria-live="polite">${this.load.parts.map(line)}</ul>
      <p class="problem" role="status" ?hidden=${!this.load.waiting}>${t('loading.waiting')}</p>
      <button type="button" class="secondary" @click=${() => this.load.skip()}>${t('loading.skip')}</button>
      ${languageSwitch()}
    </main>`;
  }
}

/** @param {Part} part */
function line(part) {
  const name = part.database === 'reference' ? t('loading.reference') : t('loading.mailbox', { team: part.database.replace(/^mailbox-/, '') });
  return html`<li data-state=${part.state}><span class="load-name">${name}</span>
    <span class="load-count">${counted(part)}</span>
    <progress max=${part.size || 1} .value=${part.state === 'done' ? part.size || 1 : part.bytes} aria-label=${name}></progress></li>`;
}

/** @param {Part} part */
function counted({ state, documents, of, bytes, size }) {
  if (state === 'done') return t('loading.done');
  if (!size) return t('loading.next');
  return t('loading.counted', { documents, of: of || '…', bytes: showBytes(bytes), size: showBytes(size) });
}
