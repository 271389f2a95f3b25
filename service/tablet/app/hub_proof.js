/**
 * Whether a server is one of the office's hubs: an enrolled device has signed the challenge and the address that was asked.
 *
 * Without that, a stranger's Wi-Fi could pass the office's challenges on and come away with a token.
 */
import { post, Refusal } from './api.js';
import { verifyText } from './core/signature.js';
import { document, openLocal } from './db.js';

/** @typedef {import('./session.js').Profile} Profile */

const PURPOSE = 'rounds-hub';
/** Thirty-two random bytes as base64url. This tablet's key signs nothing else that a server sends: no edit looks like it. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Ask for a challenge, at a hub with its proof. @param {Profile} profile @param {string} origin of the service
 * @returns {Promise<{challenge: string, hub: string}>} the hub's name, empty for the office; raises `Refusal`
 */
export async function askChallenge(profile, origin) {
  const away = origin !== location.origin;
  const told = await post('/session/challenge', { device: profile.device, ...(away ? { origin } : {}) }, origin);
  if (typeof told.challenge !== 'string' || !CHALLENGE.test(told.challenge)) throw new Refusal(502, { error: 'unavailable' });
  if (away && !(await isHub(profile, origin, told))) throw new Refusal(495, { error: 'not_a_hub' });
  return { challenge: told.challenge, hub: away ? told.hub.name : '' };
}

/** @param {Profile} profile @param {string} origin @param {any} told */
async function isHub(profile, origin, { challenge, hub }) {
  if (typeof hub?.device !== 'string' || typeof hub?.name !== 'string') return false;
  const known = await deviceOf(profile, hub.device);
  if (!known || known.revoked || known.user !== `hub-${hub.name}`) return false;
  return verifyText(`${PURPOSE}\n${challenge}\n${origin}`, hub.signature, known.public_key);
}

/** The device as the office entered it, in this tablet's own copy. @param {Profile} profile @param {string} device @returns {Promise<any>} */
async function deviceOf(profile, device) {
  const reference = openLocal(profile.user.name, profile.databases.reference);
  return document(reference, `device:${device}`);
}
