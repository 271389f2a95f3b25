/** Sealed bundles: AES-256-GCM in numbered chunks; the twin of sync/bundle/sealing.py, docs/bundles.md has the format. */

import { canonical } from './canonical.js';
import { deviceId, encode } from './signature.js';

/** @typedef {import('./signature.js').PublicJwk} PublicJwk @typedef {{line: string, key: CryptoKey, prefix: Uint8Array}} Seal */

export const CHUNK_BYTES = 262_144;
const ITERATIONS = 600_000;
const PREFIX_BYTES = 7;
const SALT_BYTES = 16;
const INFO = 'rounds bundle';
const CURVE = { name: 'ECDH', namedCurve: 'P-256' };
/** Bytes that are held before the browser may put them on its disk. */
const HELD_BYTES = 8 * 1024 * 1024;

/** @param {number} size */
const random = (size) => crypto.getRandomValues(new Uint8Array(size));
/** @param {string} text */
const utf8 = (text) => new TextEncoder().encode(text);

/**
 * A seal that whoever knows the passphrase can open.
 * @param {string} passphrase @param {{salt?: Uint8Array, prefix?: Uint8Array, iterations?: number}} [given] for tests alone
 * @returns {Promise<Seal>}
 */
export async function byPassphrase(passphrase, { salt = random(SALT_BYTES), prefix = random(PREFIX_BYTES), iterations = ITERATIONS } = {}) {
  const base = await crypto.subtle.importKey('raw', utf8(passphrase), 'PBKDF2', false, ['deriveBits']);
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: /** @type {BufferSource} */ (salt), iterations };
  const bits = await crypto.subtle.deriveBits(derivation, base, 256);
  return seal(bits, { kdf: 'PBKDF2-HMAC-SHA256', iterations, salt: encode(salt) }, prefix);
}

/**
 * A seal that only the office can open.
 * @param {PublicJwk} jwk the office's sealing key @param {{ephemeral?: CryptoKeyPair, prefix?: Uint8Array}} [given] for tests alone
 * @returns {Promise<Seal>}
 */
export async function toOffice(jwk, { ephemeral, prefix = random(PREFIX_BYTES) } = {}) {
  const pair = ephemeral ?? (await crypto.subtle.generateKey(CURVE, true, ['deriveBits']));
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const other = await crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: 'ECDH', public: other }, pair.privateKey, 256);
  const base = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8(INFO) }, base, 256);
  return seal(bits, { kdf: 'ECDH-P256-HKDF-SHA256', to: await deviceId(jwk), key: { kty, crv, x, y } }, prefix);
}

/** @param {ArrayBuffer} bits @param {Record<string, unknown>} told @param {Uint8Array} prefix @returns {Promise<Seal>} */
async function seal(bits, told, prefix) {
  const key = await crypto.subtle.importKey('raw', bits, 'AES-GCM', false, ['encrypt']);
  return { line: `${canonical({ ...told, prefix: encode(prefix) })}\n`, key, prefix };
}

/**
 * The chunks of a content, one behind the other. Reads and holds a few megabytes at a time.
 * @param {Blob} content @param {Seal} seal @param {string} magic @param {(done: number) => void} [told] bytes
 * @returns {Promise<Blob[]>}
 */
export async function sealed(content, seal, magic, told = () => undefined) {
  const additionalData = utf8(magic + seal.line);
  const count = Math.max(1, Math.ceil(content.size / CHUNK_BYTES));
  /** @type {Blob[]} */
  const whole = [];
  /** @type {ArrayBuffer[]} */
  let held = [];
  for (let number = 0; number < count; number += 1) {
    const plain = await content.slice(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES).arrayBuffer();
    const iv = /** @type {BufferSource} */ (nonce(seal.prefix, number, number === count - 1));
    held.push(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, seal.key, plain));
    if (held.length * CHUNK_BYTES >= HELD_BYTES || number === count - 1) {
      whole.push(new Blob(held));
      held = [];
    }
    told(Math.min(content.size, (number + 1) * CHUNK_BYTES));
  }
  return whole;
}

/** Never twice with one key. @param {Uint8Array} prefix @param {number} number @param {boolean} last */
function nonce(prefix, number, last) {
  const bytes = new Uint8Array(12);
  bytes.set(prefix);
  new DataView(bytes.buffer).setUint32(PREFIX_BYTES, number);
  bytes[11] = last ? 1 : 0;
  return bytes;
}
