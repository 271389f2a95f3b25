/**
 * What is still on this tablet alone, and what was refused. Written down before a document is stored and crossed out only
 * when the other side has said that it has it, so that the screen never claims more than is known.
 */
import { document, missing, transferable } from './db.js';
import { entries, forget, forgetAll, keep } from './vault.js';

/**
 * @typedef {import('./db.js').Database} Database
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {{database: string, id: string, rev: string | null, bytes: number, since: number}} Pending
 * @typedef {{database: string, id: string, reason: string, status: number, since: number}} Refused
 */

export class Unsent extends EventTarget {
  /** @type {Map<string, Pending>} */
  #pending = new Map();
  /** @type {Map<string, Refused>} */
  #refused = new Map();
  /** Noted by this run and not stored yet: nothing that arrives can mean these. @type {Set<string>} */
  #storing = new Set();

  /** @param {string} user */
  constructor(user) {
    super();
    this.user = user;
  }

  /** Read what was known when the app was closed. */
  async load() {
    for (const [key, value] of await entries('pending', `${this.user}/`)) this.#pending.set(key, value);
    for (const [key, value] of await entries('refused', `${this.user}/`)) this.#refused.set(key, value);
  }

  /** @param {string} database @param {string} id */
  #key(database, id) {
    return `${this.user}/${database}/${id}`;
  }

  /** @param {string} database @returns {Pending[]} */
  of(database) {
    return [...this.#pending.values()].filter((entry) => entry.database === database);
  }

  /** All that is still here. @returns {Pending[]} */
  all() {
    return [...this.#pending.values()];
  }

  /** @param {string} database @param {string} id */
  has(database, id) {
    return this.#pending.has(this.#key(database, id));
  }

  /** Of what waits under this id; 0 where nothing does. @param {string} database @param {string} id */
  bytes(database, id) {
    return this.#pending.get(this.#key(database, id))?.bytes ?? 0;
  }

  /** Why the other side refused a document, where it did. @param {string} database @param {string} id */
  refusal(database, id) {
    return this.#refused.get(this.#key(database, id)) ?? null;
  }

  /** @returns {Refused[]} */
  refusals() {
    return [...this.#refused.values()];
  }

  /**
   * A document is about to be stored (`rev` null) or has been.
   * @param {string} database @param {string} id @param {string | null} rev @param {number} bytes
   */
  async note(database, id, rev, bytes) {
    const key = this.#key(database, id);
    const entry = { database, id, rev, bytes, since: this.#pending.get(key)?.since ?? Date.now() };
    if (rev) this.#storing.delete(key);
    else this.#storing.add(key);
    this.#pending.set(key, entry);
    await keep('pending', key, entry);
    this.#tell();
  }

  /** What was noted could not be stored: what counts is what is there. @param {string} database @param {Database} local @param {string} id */
  async failed(database, local, id) {
    const key = this.#key(database, id);
    const entry = this.#pending.get(key);
    const rev = (await document(local, id).catch(() => null))?._rev;
    this.#storing.delete(key);
    if (entry && rev) this.#pending.set(key, { ...entry, rev });
    else this.#pending.delete(key);
    this.#tell();
    await (entry && rev ? keep('pending', key, { ...entry, rev }) : forget('pending', key));
  }

  /** These revisions have arrived. @param {string} database @param {Doc[]} docs */
  async arrived(database, docs) {
    await Promise.all(docs.map((doc) => this.#arrived(database, doc._id, doc._rev)));
    this.#tell();
  }

  /** @param {string} database @param {string} id @param {string | undefined} rev */
  async #arrived(database, id, rev) {
    const key = this.#key(database, id);
    const entry = this.#pending.get(key);
    if (this.#refused.delete(key)) await forget('refused', key);
    if (!entry || this.#storing.has(key) || (entry.rev && entry.rev !== rev)) return;
    this.#pending.delete(key);
    await forget('pending', key);
  }

  /**
   * Ask the other side which of the pending revisions it lacks, and cross out the rest. Of what it lacks, replication's
   * selector does not see those that another leaf has won over: these are offered here.
   * @param {string} database @param {Database} local @param {Database} remote
   * @param {(id: string) => Promise<boolean>} shown whether it has what was sent, and not only a revision of that name
   */
  async verify(database, local, remote, shown) {
    const waiting = this.of(database).filter(({ id }) => !this.#storing.has(this.#key(database, id)));
    if (!waiting.length) return;
    /** @type {Record<string, string[]>} */
    const revs = {};
    for (const { id, rev } of waiting) {
      const known = rev ?? (await document(local, id))?._rev;
      // Noted, but the app ended before it was stored: nothing is waiting.
      if (!known) await this.#arrived(database, id, undefined);
      else revs[id] = [known];
    }
    const lacking = await missing(remote, revs);
    for (const [id, [rev]] of Object.entries(revs)) {
      if (!lacking[id]) {
        if (await shown(id)) await this.arrived(database, [{ _id: id, _rev: rev }]);
      } else if (!this.refusal(database, id) && (await document(local, id))?._rev !== rev) {
        await this.#offer(database, id, local, remote);
      }
    }
  }

  /** The other side will not take this one. @param {string} database @param {string} id @param {string} reason @param {number} status */
  async refuse(database, id, reason, status) {
    const key = this.#key(database, id);
    const entry = { database, id, reason, status, since: Date.now() };
    this.#refused.set(key, entry);
    await keep('refused', key, entry);
    this.#tell();
  }

  /**
   * Offer the refused documents again; replication would never do so by itself, its checkpoint has moved past them.
   * @param {string} database @param {Database} local @param {Database} remote
   */
  async offerAgain(database, local, remote) {
    for (const { id } of this.refusals().filter((entry) => entry.database === database)) {
      await this.#offer(database, id, local, remote);
    }
  }

  /** Send every leaf of a document. @param {string} database @param {string} id @param {Database} local @param {Database} remote */
  async #offer(database, id, local, remote) {
    const docs = await transferable(local, id);
    const answers = await remote.bulkDocs({ docs, new_edits: false });
    const refused = answers.find((answer) => answer.error);
    if (refused) await this.refuse(database, id, refused.reason ?? refused.message ?? '', refused.status ?? 0);
    else await this.arrived(database, docs);
  }

  /** Forget everything of this person on this tablet. */
  async erase() {
    this.#pending.clear();
    this.#refused.clear();
    await forgetAll('pending', `${this.user}/`);
    await forgetAll('refused', `${this.user}/`);
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
