/** Which service this tablet syncs with: the office that the app was installed from, or one of its hubs. */
import { forget, keep, read } from './vault.js';

/** @typedef {{origin: string, name: string}} Hub */

const PLACE = 'place';

/** @type {Hub | null} */
let chosen = null;

/** Take over what was chosen before. */
export async function loadPlace() {
  chosen = (await read('settings', PLACE)) ?? null;
}

/** The hub that this tablet syncs with; null for the office. */
export const hub = () => chosen;

/** Where the service is. */
export const serviceOrigin = () => chosen?.origin ?? location.origin;

/** Sync with a hub from now on. @param {Hub} next */
export async function moveToHub(next) {
  await keep('settings', PLACE, next);
  chosen = next;
}

/** Sync with the office from now on. */
export async function moveToOffice() {
  await forget('settings', PLACE);
  chosen = null;
}

/** What somebody typed or a camera read, as an origin; null where it is no https address. @param {string} text @returns {string | null} */
export function originOf(text) {
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text.trim()) ? text.trim() : `https://${text.trim()}`);
    return url.protocol === 'https:' && url.hostname && !url.username ? url.origin : null;
  } catch {
    return null;
  }
}
