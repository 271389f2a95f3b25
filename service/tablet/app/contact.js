/** When the service last answered, and requests to it with the token put in. */
import { send } from './db.js';
import { Skew } from './skew.js';
import { keep, read } from './vault.js';

/** @typedef {import('./session.js').Session} Session */

const LONGPOLL_MS = 90_000;
const UPLOAD_MS = 15 * 60_000;
const KEEP_EVERY_MS = 10_000;

export class Contact extends EventTarget {
  /** ms of this tablet's clock; 0: never */
  last = 0;
  skew = new Skew();
  #kept = 0;

  async load() {
    this.last = (await read('settings', 'contact')) ?? 0;
    await this.skew.load();
  }

  /** The service has answered just now. */
  heard() {
    this.last = Date.now();
    this.dispatchEvent(new Event('change'));
    if (this.last - this.#kept < KEEP_EVERY_MS) return;
    this.#kept = this.last;
    keep('settings', 'contact', this.last).catch(console.error);
  }
}

/**
 * fetch with the session's token, for PouchDB. A connection that has died silently is given up: a longpoll ends after a
 * minute at the latest, so one that has not is dead.
 * @param {Session} session @param {Contact} contact
 */
export function authorised(session, contact) {
  return async (/** @type {string | Request} */ url, /** @type {RequestInit} */ options = {}) => {
    const headers = new Headers(options.headers);
    headers.set('authorization', `Bearer ${await session.token()}`);
    const limit = AbortSignal.timeout(options.method && options.method !== 'GET' ? UPLOAD_MS : LONGPOLL_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    const sent = Date.now();
    const response = await send(url, { ...options, headers, signal, credentials: 'omit' });
    contact.skew.heard(response.headers.get('date'), sent, Date.now());
    contact.heard();
    return response;
  };
}
