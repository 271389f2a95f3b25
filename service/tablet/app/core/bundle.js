/** The bytes of a bundle; the twin of sync/bundle/framing.py and manifest.py, docs/bundles.md has the format. */

import { canonical } from './canonical.js';
import { sealed } from './sealing.js';

/**
 * @typedef {{database: string, id: string, rev: string, bytes: number, sha256: string, attachment?: string}} Entry
 * @typedef {{bundle: string, made_at: string, by: string, device: string, app: string, entries: Entry[]}} Manifest
 */

const MAGIC = 'ROUNDS-BUNDLE 1\n';
const MAGIC_SEALED = 'ROUNDS-BUNDLE 1 sealed\n';

/** What the device signs. @param {Manifest} manifest */
export const signedText = (manifest) => canonical({ bundle: manifest });

/**
 * The whole file. Pictures are referred to, not read, unless it is sealed.
 * @param {Manifest} manifest @param {string} sig @param {Blob[]} bodies of the entries, in their order
 * @param {import('./sealing.js').Seal | null} [seal] @param {(done: number) => void} [told] bytes that were sealed
 * @returns {Promise<Blob>}
 */
export async function assembled(manifest, sig, bodies, seal = null, told = undefined) {
  const line = `${canonical({ manifest, sig })}\n`;
  const content = new Blob([line, ...bodies.flatMap((body) => [body, '\n'])]);
  if (!seal) return new Blob([MAGIC, content]);
  return new Blob([MAGIC_SEALED, seal.line, ...(await sealed(content, seal, MAGIC_SEALED, told))]);
}
