/** What an older window shows once a newer one has the app. */
import { html } from '../../vendor/lit.js';
import { t } from '../i18n.js';

/** @type {import('../app.js').Screen} */
export const elsewhere = {
  render: () => html`<main class="sheet sign-in"><h1>${t('window.title')}</h1><p class="lead">${t('window.why')}</p>
    <button type="button" class="primary" @click=${() => location.reload()}>${t('window.here')}</button></main>`,
};
