/**
 * Proof of delivery: that the other side has the edits themselves, not merely a revision of their record's name.
 *
 * Whoever may write a mailbox names the revisions that they write. Where somebody has put another body under the name of
 * one's own, replication finds nothing to send (docs/decisions/015). So an edit counts as delivered once a receipt speaks
 * of it, or once it was read over there; where it is not there, the record is stored anew under a name that nobody can
 * have foreseen.
 */
import { union, without } from './core/edits.js';
import { newRecord, withEdit } from './core/record.js';
import { document, everyLeaf, leaves, storeApart } from './db.js';
import { hub } from './place.js';

/**
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./catalogue.js').Catalogue} Catalogue
 * @typedef {import('./records.js').Records} Records
 * @typedef {import('./outbox.js').Outbox} Outbox
 * @typedef {import('./outbox.js').Sent} Sent
 * @typedef {import('./core/record.js').RecordDocument} RecordDocument
 */

/** For so long the judge may take before it is asked whether it has what it has not spoken of. */
const PATIENCE_MS = 10_000;
/** A record is stored anew so often and not again before the next start: whoever stands in the way must not keep us busy. */
const TRIES = 5;

export class Proof {
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  /** Edits that were read at this place, by record. @type {Map<string, string>} */
  #read = new Map();
  /** How often records were stored anew. @type {Map<string, number>} */
  #tries = new Map();
  #stopped = false;

  /** @param {{sync: Sync, catalogue: Catalogue, records: Records, outbox: Outbox}} parts */
  constructor({ sync, catalogue, records, outbox }) {
    this.sync = sync;
    this.catalogue = catalogue;
    this.records = records;
    this.outbox = outbox;
  }

  /** Nothing is left to send just now: ask in a while about what no receipt has spoken of. */
  soon() {
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#ask().catch(() => undefined); // asked again when next something was sent
    }, PATIENCE_MS);
  }

  stop() {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #ask() {
    for (const database of this.sync.profile.databases.mailboxes) {
      for (const record of this.outbox.records(database)) {
        if (this.#stopped) return;
        // What waits is asked about once it was sent.
        if (!this.sync.unsent.has(database, record) && !(await this.#spokenOf(database, record))) await this.shown(database, record);
      }
    }
  }

  /** Whether a receipt is about the record as it is here, with all that was done to it here. @param {string} database @param {string} record */
  async #spokenOf(database, record) {
    const receipt = this.records.receipt(record);
    if (!receipt || receipt.digest !== this.records.get(record)?.digest) return false;
    if (receipt.judge === 'office') await this.outbox.drop(this.outbox.of(database, record));
    return true;
  }

  /**
   * Whether the other side has all that was done to a document here. Where it has not, a revision that holds it waits to
   * be sent. @param {string} database @param {string} id
   */
  async shown(database, id) {
    const sent = this.outbox.of(database, id);
    const names = sent.map(({ edit }) => edit.id).join();
    if (!sent.length || this.#read.get(id) === names) return true;
    const there = await everyLeaf(this.sync.remote(database), id);
    if (without(editsOf(sent), there.flatMap(({ edits }) => edits ?? [])).length) return this.#anew(database, id, sent);
    this.#read.set(id, names);
    if (!hub()) await this.outbox.drop(sent);
    return true;
  }

  /** @param {string} database @param {string} id @param {Sent[]} sent @returns {Promise<false>} */
  async #anew(database, id, sent) {
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    if (tries > TRIES) return false;
    const db = this.sync.local(database);
    const rev = await storeApart(db, await this.#whole(database, id, sent));
    await this.sync.unsent.note(database, id, rev, JSON.stringify(editsOf(sent)).length);
    return false;
  }

  /** The record as it is here, with all that was done to it here. @param {string} database @param {string} id @param {Sent[]} sent */
  async #whole(database, id, sent) {
    const db = this.sync.local(database);
    const winner = await document(db, id);
    const edits = union(...(winner ? await leaves(db, winner) : []).map((leaf) => leaf.edits ?? []), editsOf(sent));
    const version = Math.max(...edits.map((edit) => edit.version ?? 0));
    const name = id.split(':')[1];
    const form = this.catalogue.form(name, version);
    const begun = { id, form: { id: name, version }, team: database.replace(/^mailbox-/, ''), task: sent[0].task ?? undefined };
    const record = /** @type {RecordDocument} */ (winner ?? newRecord(begun));
    // Without the form the answers are the judge's to work out.
    return form ? withEdit({ ...record, edits }, sent[0].edit, form) : { ...record, version, edits };
  }
}

/** @param {Sent[]} sent */
const editsOf = (sent) => sent.map(({ edit }) => edit);
