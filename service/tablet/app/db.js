/**
 * The only module that touches PouchDB: opens databases here and there, and says what the rest needs in its own words.
 */
import PouchDB from '../vendor/pouchdb.js';
import { serviceOrigin } from './place.js';

/**
 * @typedef {import('../vendor/pouchdb.js').default} Database
 * @typedef {import('../vendor/pouchdb.js').Doc} Doc
 * @typedef {import('../vendor/pouchdb.js').Written} Written
 * @typedef {import('../vendor/pouchdb.js').Failure} Failure
 * @typedef {import('../vendor/pouchdb.js').Handle} Handle
 */

/** @param {string} user @param {string} database */
const localName = (user, database) => `rounds-${user}-${database}`;

/** A database on this tablet. @param {string} user @param {string} database @returns {Database} */
export const openLocal = (user, database) => new PouchDB(localName(user, database), { auto_compaction: false });

/**
 * A database of the service.
 * @param {string} database
 * @param {(url: string | Request, options: RequestInit) => Promise<Response>} send fetch with the token put in
 * @returns {Database}
 */
export const openRemote = (database, send) =>
  unasked(new PouchDB(`${serviceOrigin()}/db/${database}`, { skip_setup: true, fetch: send }));

/**
 * After each batch PouchDB asks for `info`, to tell how far it is, and leaves the failure to nobody; where the network has
 * just gone that would be reported as a fault of the app. Whoever waits for the answer hears of a failure as before.
 * @param {Database} remote @returns {Database} the same one
 */
function unasked(remote) {
  const info = remote.info.bind(remote);
  remote.info = () => {
    const asked = info();
    const then = asked.then.bind(asked);
    asked.then = /** @type {typeof asked.then} */ ((done, failed) => {
      const next = then(done, failed);
      next.catch(() => undefined);
      return next;
    });
    return asked;
  };
  return remote;
}

/** Delete a database on this tablet. @param {string} user @param {string} database */
export const destroyLocal = (user, database) => new PouchDB(localName(user, database)).destroy();

/**
 * Documents whose id begins with `prefix`, winners only, with the revisions that conflict with them.
 * @param {Database} db @param {string} prefix @returns {Promise<Doc[]>}
 */
export async function documents(db, prefix) {
  const { rows } = await db.allDocs({ startkey: prefix, endkey: `${prefix}\ufff0`, include_docs: true, conflicts: true });
  return rows.flatMap((row) => (row.doc ? [row.doc] : []));
}

/** A document, or null. @param {Database} db @param {string} id @returns {Promise<Doc | null>} */
export async function document(db, id) {
  try {
    return await db.get(id, { conflicts: true });
  } catch (error) {
    if (/** @type {Failure} */ (error).status === 404) return null;
    throw error;
  }
}

/** The winner and every live leaf beside it. @param {Database} db @param {Doc} winner @returns {Promise<Doc[]>} */
export async function leaves(db, winner) {
  const others = (winner._conflicts ?? []).map((rev) => db.get(winner._id, { rev }));
  return [winner, ...(await Promise.all(others))];
}

/**
 * Store a child of the winner. Where another tab was faster it is read again and the change made on what is there then.
 * @param {Database} db @param {string} id @param {(current: Doc | null) => Doc | Promise<Doc>} change
 * @returns {Promise<string>} the new revision
 */
export async function store(db, id, change) {
  for (let attempt = 0; ; attempt += 1) {
    const current = await document(db, id);
    const next = { ...(await change(current)) };
    delete next._conflicts;
    try {
      const { rev } = await db.put({ ...next, ...(current?._rev ? { _rev: current._rev } : {}) });
      return /** @type {string} */ (rev);
    } catch (error) {
      if (/** @type {Failure} */ (error).status !== 409 || attempt === 5) throw error;
    }
  }
}

/**
 * Store a document beside all its revisions, under a name that nobody can have foreseen and that has no ancestors: what
 * others have put under the names of those is none of its history. @param {Database} db @param {Doc} doc
 * @returns {Promise<string>} the new revision
 */
export async function storeApart(db, { _conflicts: _, ...doc }) {
  const start = Number.parseInt(doc._rev ?? '0', 10) + 1;
  const name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const rev = `${start}-${name}`;
  const [refused] = await db.bulkDocs({ docs: [{ ...doc, _rev: rev, _revisions: { start, ids: [name] } }], new_edits: false });
  if (refused) throw new Error(`${doc._id} could not be stored: ${refused.message}`);
  return rev;
}

/** Every leaf of a document, deleted ones included; none where it was never there. @param {Database} db @param {string} id @returns {Promise<Doc[]>} */
export async function everyLeaf(db, id) {
  try {
    const found = await db.get(id, { open_revs: 'all' });
    return found.flatMap((/** @type {{ok?: Doc}} */ leaf) => leaf.ok ?? []);
  } catch (error) {
    if (/** @type {Failure} */ (error).status === 404) return [];
    throw error;
  }
}

/** Of these revisions, those that `db` lacks. @param {Database} db @param {Record<string, string[]>} revs */
export const missing = (db, revs) => db.revsDiff(revs);

/** Every live leaf of a document with its history and attachments, ready for `bulkDocs` elsewhere. @param {Database} db @param {string} id */
export const transferable = (db, id) => liveLeaves(db, id, { attachments: true });

/** The same with attachments as stubs. @param {Database} db @param {string} id */
export const unsentLeaves = (db, id) => liveLeaves(db, id, {});

/** @param {Database} db @param {string} id @param {object} options @returns {Promise<Doc[]>} */
async function liveLeaves(db, id, options) {
  const found = await db.get(id, { open_revs: 'all', revs: true, ...options });
  return found.flatMap((/** @type {{ok?: Doc}} */ leaf) => (leaf.ok && !leaf.ok._deleted ? [leaf.ok] : []));
}

/**
 * The bytes of a media document, or null where they are not here.
 * @param {Database} db @param {string} id @param {{rev?: string}} [leaf] which of them; the winner where none is named
 * @returns {Promise<Blob | null>}
 */
export async function attachment(db, id, leaf = {}) {
  try {
    return await db.getAttachment(id, 'file', leaf);
  } catch (error) {
    if (/** @type {Failure} */ (error).status === 404) return null;
    throw error;
  }
}

/** Those of a media document's live leaves that are not the winner, one after the other. @param {Database} db @param {string} id */
export async function* otherAttachments(db, id) {
  for (const rev of (await document(db, id))?._conflicts ?? []) {
    const found = await attachment(db, id, { rev });
    if (found) yield found;
  }
}

/** fetch as PouchDB expects it. @param {string | Request} url @param {RequestInit} options */
export const send = (url, options) => PouchDB.fetch(url, options);
