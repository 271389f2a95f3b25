/** Who made an edit: ECDSA P-256 by the device's own key; the twin of sync/signature.py. */

import { canonical, sha256 } from './canonical.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };
const DEVICE_ID_DIGITS = 12;
/** 64 bytes. */
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;
/** 32 bytes. */
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;

/** @typedef {{kty: string, crv: string, x: string, y: string}} PublicJwk */
/** @typedef {import('./merge.js').Edit} Edit */

/** A key pair whose private half cannot be read out. @returns {Promise<CryptoKeyPair>} */
export async function generateKeys() {
  return crypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
}

/** @param {CryptoKeyPair} keys @returns {Promise<PublicJwk>} */
export async function publicJwk(keys) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  return /** @type {PublicJwk} */ ({ kty, crv, x, y });
}

/** The id that belongs to a key: the beginning of its thumbprint (RFC 7638). @param {PublicJwk} jwk */
export async function deviceId({ crv, kty, x, y }) {
  return (await sha256(bytes(canonical({ crv, kty, x, y })))).slice(0, DEVICE_ID_DIGITS);
}

/**
 * The edit with its `sig`, bound to the record it belongs to.
 * @param {string} recordId @param {Omit<Edit, 'sig'>} edit @param {CryptoKey} privateKey
 * @returns {Promise<Edit>}
 */
export async function signEdit(recordId, edit, privateKey) {
  return /** @type {Edit} */ ({ ...edit, sig: await signText(signed(recordId, edit), privateKey) });
}

/** @param {string} recordId @param {Edit} edit @param {PublicJwk} jwk @returns {Promise<boolean>} */
export async function verifyEdit(recordId, edit, jwk) {
  try {
    return await verifyText(signed(recordId, edit), edit.sig, jwk);
  } catch {
    return false;
  }
}

/** Whether this key made this signature over a text; false for anything malformed. @param {string} text @param {unknown} sig @param {PublicJwk} jwk @returns {Promise<boolean>} */
export async function verifyText(text, sig, jwk) {
  try {
    const { kty, crv, x, y } = jwk;
    if (typeof sig !== 'string' || !SIGNATURE.test(sig) || ![x, y].every((each) => COORDINATE.test(each))) return false;
    const key = await crypto.subtle.importKey('jwk', { kty, crv, x, y }, ALGORITHM, false, ['verify']);
    const signature = /** @type {BufferSource} */ (decode(sig));
    return await crypto.subtle.verify(SIGNING, key, signature, bytes(text));
  } catch {
    return false;
  }
}

/**
 * What a device signs to sign in: bound to the address that it takes the server for, so that nobody can pass on a challenge
 * of another one. @param {string} challenge @param {string} origin
 */
export const signInText = (challenge, origin) => `rounds-sign-in\n${challenge}\n${origin}`;

/** A signature over a text: 64 bytes, base64url. @param {string} text @param {CryptoKey} privateKey */
export async function signText(text, privateKey) {
  return encode(new Uint8Array(await crypto.subtle.sign(SIGNING, privateKey, bytes(text))));
}

/** @param {string} recordId @param {Record<string, any>} edit */
function signed(recordId, edit) {
  const { sig, ...unsigned } = edit;
  return canonical({ edit: unsigned, record: recordId });
}

/** @param {string} text */
function bytes(text) {
  return /** @type {Uint8Array<ArrayBuffer>} */ (new TextEncoder().encode(text));
}

/** Bytes as base64url. @param {Uint8Array} raw */
export function encode(raw) {
  return btoa(String.fromCharCode(...raw)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** @param {string} text */
function decode(text) {
  return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
}
