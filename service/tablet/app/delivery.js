/**
 * Handing documents over in parts, so that one that the service cannot take does not hold up the rest.
 *
 * A batch that is answered 400 or 413 is halved until the offender stands alone. It is then reported as forbidden, which
 * PouchDB passes on as `denied` before it goes on with the others: the one way by which refusals reach the screen.
 */

/**
 * @typedef {import('./db.js').Database} Database
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {import('./db.js').Written} Written
 * @typedef {import('./db.js').Failure} Failure
 */

const TOO_MUCH = [400, 413];
/** Statuses of one document that trying again does not change. */
const FINAL = [400, 403, 413, 415, 422];

/**
 * Make a remote database deliver in parts.
 * @param {Database} remote
 * @param {() => Promise<unknown>} probe asks the service something harmless; raises where the sign-in is at fault
 * @returns {Database} the same one
 */
export function inParts(remote, probe) {
  const whole = remote.bulkDocs.bind(remote);
  remote.bulkDocs = (request, options) => {
    const { docs, ...rest } = Array.isArray(request) ? { docs: request } : request;
    return deliver(docs, (part) => whole({ ...rest, docs: part }, options), probe);
  };
  return remote;
}

/**
 * @param {Doc[]} docs
 * @param {(part: Doc[]) => Promise<Written[]>} send
 * @param {() => Promise<unknown>} probe
 * @returns {Promise<Written[]>} one entry for each refused document, and whatever else `send` told
 */
export async function deliver(docs, send, probe) {
  try {
    return (await send(docs)).map(told);
  } catch (error) {
    const failure = /** @type {Failure} */ (error);
    if (!TOO_MUCH.includes(failure.status ?? 0)) throw failure;
    // A broken token is answered 400 too; a document must not be blamed for it.
    if (failure.status === 400) await probe();
    if (docs.length === 1) return [told({ id: docs[0]._id, error: failure.name, status: failure.status, reason: failure.reason ?? failure.message })];
    const middle = Math.ceil(docs.length / 2);
    const first = await deliver(docs.slice(0, middle), send, probe);
    return [...first, ...(await deliver(docs.slice(middle), send, probe))];
  }
}

/** @param {Written} one @returns {Written} */
function told(one) {
  if (!one.error || !FINAL.includes(one.status ?? 0)) return one;
  return { ...one, error: 'forbidden', name: 'forbidden', reason: one.reason ?? one.message };
}
