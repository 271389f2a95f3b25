/** A record's true state, from what this tablet knows for certain. Glyphs and words are the same on every face. */

/**
 * @typedef {'local' | 'hub' | 'delivered' | 'accepted' | 'returned' | 'refused' | 'undecided'} RecordState
 * @typedef {object} Facts
 * @property {boolean} refused the other side would not take it
 * @property {boolean} pending a revision of it is not known to have arrived
 * @property {string} digest of its edits as they are here
 * @property {number} collisions paths that a person must decide
 * @property {boolean} atHub this tablet syncs with a hub just now
 * @property {{digest: string, verdict: string, judge: string} | null} receipt
 */

/** @type {Record<RecordState, string>} */
export const GLYPHS = { local: '○', hub: '◔', delivered: '◑', accepted: '●', returned: '↩', refused: '✕', undecided: '⚑' };

/**
 * @param {Facts} facts @returns {RecordState}
 */
export function stateOf({ refused, pending, digest, collisions, atHub, receipt }) {
  if (refused) return 'refused';
  if (pending) return 'local';
  if (collisions > 0) return 'undecided';
  // A receipt speaks of the edits that it has judged; of newer ones nothing is known yet but that they have arrived.
  const judged = receipt?.digest === digest ? receipt : null;
  if (judged?.verdict === 'returned') return 'returned';
  if (judged?.judge === 'office') return judged.verdict === 'accepted' ? 'accepted' : 'delivered';
  return judged || atHub ? 'hub' : 'delivered';
}
