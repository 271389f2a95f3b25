/** Requests to `/api/v1`, with failures that say whether the network, the sign-in or the service is at fault. */
import { language } from './i18n.js';
import { serviceOrigin } from './place.js';

/** An answer that is not a success: `status` and the slug of the body; status 0 where no answer came. */
export class Refusal extends Error {
  /** @param {number} status @param {{error?: string, reason?: string, details?: Record<string, any>}} body */
  constructor(status, body) {
    super(`${status} ${body.error ?? ''}: ${body.reason ?? ''}`);
    this.name = 'Refusal';
    this.status = status;
    this.code = body.error ?? 'unknown';
    this.reason = body.reason ?? '';
    this.details = body.details ?? {};
  }
}

const TIMEOUT_MS = 20_000;

/**
 * POST JSON to the API.
 * @param {string} path below /api/v1
 * @param {unknown} body
 * @param {string} [origin] of the service, where it is not the chosen one
 * @returns {Promise<any>} the parsed answer; raises `Refusal`
 */
export const post = (path, body, origin = serviceOrigin()) =>
  ask(origin, path, { method: 'POST', headers: { ...headers(), 'content-type': 'application/json' }, body: JSON.stringify(body) });

/**
 * GET from the API.
 * @param {string} path below /api/v1
 * @param {Record<string, string>} [more] headers, such as who asks
 * @returns {Promise<any>} the parsed answer; raises `Refusal`
 */
export const get = (path, more = {}) => ask(serviceOrigin(), path, { headers: { ...headers(), ...more }, cache: 'no-store' });

const headers = () => ({ accept: 'application/json', 'accept-language': language() });

/** @param {string} origin @param {string} path @param {RequestInit} options */
async function ask(origin, path, options) {
  const response = await answer(`${origin}/api/v1${path}`, { ...options, credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, told);
  return told;
}

/** @param {string} url @param {RequestInit} options */
async function answer(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw new Refusal(0, { error: 'no_network', reason: String(error) });
  }
}
