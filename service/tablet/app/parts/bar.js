/** The head of a screen, and the connection bar that tells the truth: last contact, what is still here, what moves. */
import { html } from '../../vendor/lit.js';
import { showAgo, showBytes } from '../format.js';
import { t } from '../i18n.js';
import { hub } from '../place.js';
import { NOTABLE_MS, skewText } from '../skew.js';

/**
 * @typedef {import('../app.js').App} App
 * @typedef {import('../app.js').Desk} Desk
 */

/** @param {{title: unknown, back?: string, aside?: unknown}} head */
export const header = ({ title, back, aside }) => html`<header class="head">
  ${back ? html`<a class="icon-button" href=${back} aria-label=${t('nav.back')}>‹</a>` : ''}
  <h1>${title}</h1>
  ${aside ?? ''}
</header>`;

/** How many records and files are still here, and of what size. @param {Desk} desk */
export function stillHere({ unsent }) {
  const all = unsent.all();
  const records = all.filter(({ id }) => id.startsWith('record:')).length;
  return { records, files: all.length - records, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** @param {Desk} desk @returns {string} */
function hereText(desk) {
  const { records, files, bytes } = stillHere(desk);
  if (!records && !files) return t('bar.nothing_here');
  const parts = [records ? t('bar.records', { count: records }) : '', files ? t('bar.files', { count: files, size: showBytes(bytes) }) : ''];
  return t('bar.here', { what: parts.filter(Boolean).join(t('value.and')) });
}

/** Whom this tablet is in touch with. */
function reachedText() {
  const at = hub();
  return at ? t('bar.connected_hub', { name: at.name }) : t('bar.connected');
}

/** @param {App} app @param {Desk} desk @returns {{tone: string, text: string}} */
function lineOf(app, desk) {
  const { locked, forbidden, moving, reached } = desk.sync.status();
  if (!navigator.onLine) return { tone: 'away', text: t('bar.offline') };
  if (locked) return { tone: 'attention', text: t('bar.locked') };
  if (forbidden.length) return { tone: 'attention', text: t('bar.forbidden') };
  if (moving.some((name) => name.startsWith('push'))) return { tone: 'moving', text: sending(desk) };
  if (moving.length) return { tone: 'moving', text: fetching(desk) };
  if (reached) return { tone: 'reached', text: reachedText() };
  return { tone: 'away', text: app.contact.last ? t(hub() ? 'bar.trying_hub' : 'bar.trying') : t('bar.connecting') };
}

/** @param {Desk} desk */
function sending({ sync }) {
  const { documents, bytes } = sync.moved('push');
  return documents ? t('bar.sent', { count: documents, size: showBytes(bytes) }) : t('bar.sending');
}

/** @param {Desk} desk */
function fetching({ sync }) {
  const { documents, pending } = sync.moved('pull');
  if (!documents) return t('bar.fetching');
  return pending ? t('bar.fetched_of', { count: documents, pending }) : t('bar.fetched', { count: documents });
}

/** @param {App} app @param {Desk} desk */
export function connectionBar(app, desk) {
  const { tone, text } = lineOf(app, desk);
  const contact = app.contact.last ? t('bar.contact', { when: showAgo(app.contact.last) }) : t('bar.no_contact');
  const skew = app.contact.skew.ms;
  return html`<section class="bar" data-tone=${tone} aria-label=${t('bar.title')}>
    <p class="bar-line"><span class="bar-mark" aria-hidden="true"></span><strong>${text}</strong><span>${hereText(desk)}</span></p>
    <p class="bar-contact">${contact}</p>
    ${skew !== null && Math.abs(skew) >= NOTABLE_MS ? html`<p class="bar-contact">⚑ ${t('bar.clock', { skew: skewText(skew) })}</p>` : ''}
  </section>`;
}
