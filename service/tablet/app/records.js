/** The records, receipts and tasks of the team's mailboxes, folded for display. The tablet never writes a merge. */
import { document, documents, leaves } from './db.js';
import { editsDigest, union } from './core/edits.js';
import { fold } from './core/merge.js';
import { hub } from './place.js';
import { stateOf } from './state.js';

/**
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {import('./catalogue.js').Catalogue} Catalogue
 * @typedef {import('./catalogue.js').Form} Form
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./core/merge.js').Folded} Folded
 * @typedef {object} Entry one record as this tablet has it
 * @property {Doc} doc the winning leaf
 * @property {string} mailbox
 * @property {any[]} edits of all live leaves, and one's own that the office has not shown to have
 * @property {Form | null} form null where this tablet lacks the version
 * @property {Folded | null} folded
 * @property {string} digest
 * @property {string} at of the newest edit
 */

const GATHER_MS = 80;

export class Records extends EventTarget {
  /** @type {Map<string, Entry>} by record id */
  #entries = new Map();
  /** @type {Map<string, Map<string, Doc>>} by record id, then by judge */
  #receipts = new Map();
  /** @type {Map<string, Doc>} by task id */
  #tasks = new Map();
  /** @type {Map<string, string>} ids that changed, with their mailbox */
  #changes = new Map();
  /** @type {{cancel(): void}[]} */
  #feeds = [];

  /** @param {Sync} sync @param {Catalogue} catalogue @param {import('./outbox.js').Outbox} outbox */
  constructor(sync, catalogue, outbox) {
    super();
    this.sync = sync;
    this.catalogue = catalogue;
    this.outbox = outbox;
  }

  /** Read what is here, and follow what changes. */
  async load() {
    for (const mailbox of this.sync.profile.databases.mailboxes) {
      const db = this.sync.local(mailbox);
      for (const prefix of ['task:', 'receipt:', 'record:']) {
        for (const doc of await documents(db, prefix)) await this.#take(mailbox, doc);
      }
      this.#feeds.push(db.changes({ since: 'now', live: true }).on('change', ({ id }) => this.#changed(id, mailbox)));
    }
    for (const mailbox of this.sync.leftBehind()) await this.#loadUnsent(mailbox);
    this.catalogue.addEventListener('change', () => this.#formsChanged());
  }

  /** Of a team that the person has left, only what was never sent is still theirs to see. @param {string} mailbox */
  async #loadUnsent(mailbox) {
    for (const { id } of this.sync.unsent.of(mailbox)) {
      const doc = await document(this.sync.local(mailbox), id);
      if (doc) await this.#take(mailbox, doc);
    }
  }

  close() {
    for (const feed of this.#feeds) feed.cancel();
  }

  /** Newest first. @returns {Entry[]} */
  all() {
    return [...this.#entries.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  /** @param {string} id */
  get(id) {
    return this.#entries.get(id) ?? null;
  }

  /** The answers of the record of a form that a device sent last; null where there is none here. @param {string} form @param {string} device */
  lastSent(form, device) {
    const sent = this.all().filter(({ doc }) => doc.form === form).map(({ doc, edits }) => ({ doc, at: lastOf(edits, device) }));
    const last = sent.reduce((/** @type {typeof sent[0] | null} */ best, each) => (each.at > (best?.at ?? '') ? each : best), null);
    return last && (/** @type {any} */ (last.doc).answers ?? null);
  }

  /**
   * The receipt that says most: of a record's edits as they are here rather than of older ones, and the office's before a
   * hub's. @param {string} record @returns {Doc | null}
   */
  receipt(record) {
    const all = [...(this.#receipts.get(record)?.values() ?? [])];
    const digest = this.get(record)?.digest;
    const rank = (/** @type {Doc} */ each) => (each.digest === digest ? 2 : 0) + (each.judge === 'office' ? 1 : 0);
    return all.reduce((/** @type {Doc | null} */ best, each) => (best && rank(best) >= rank(each) ? best : each), null);
  }

  /** Tasks that no record here answers, the most urgent first. @returns {Doc[]} */
  openTasks() {
    const answered = new Set([...this.#entries.values()].map(({ doc }) => doc.task).filter(Boolean));
    return [...this.#tasks.values()]
      .filter((task) => !answered.has(task._id))
      .sort((a, b) => (`${a.due ?? '9'} ${a._id}` < `${b.due ?? '9'} ${b._id}` ? -1 : 1));
  }

  /** @param {string} id */
  task(id) {
    return this.#tasks.get(id) ?? null;
  }

  /** @param {Entry} entry */
  stateOf({ doc, mailbox, folded, digest }) {
    const { unsent } = this.sync;
    const receipt = /** @type {any} */ (this.receipt(doc._id));
    return stateOf({
      refused: unsent.refusal(mailbox, doc._id) !== null,
      pending: unsent.has(mailbox, doc._id),
      collisions: folded?.collisions.length ?? 0,
      digest,
      atHub: hub() !== null,
      receipt,
    });
  }

  /** @param {string} id @param {string} mailbox */
  #changed(id, mailbox) {
    if (!this.#changes.size) setTimeout(() => this.#takeChanges().catch(console.error), GATHER_MS);
    this.#changes.set(id, mailbox);
  }

  async #takeChanges() {
    const changes = [...this.#changes];
    this.#changes.clear();
    for (const [id, mailbox] of changes) {
      const doc = await document(this.sync.local(mailbox), id);
      if (doc) await this.#take(mailbox, doc);
      else this.#drop(id);
    }
    this.#tell();
  }

  /** Read one now, without waiting for the feed. @param {string} mailbox @param {string} id */
  async refresh(mailbox, id) {
    const doc = await document(this.sync.local(mailbox), id);
    if (doc) await this.#take(mailbox, doc);
    this.#tell();
  }

  /** @param {string} mailbox @param {Doc} doc */
  async #take(mailbox, doc) {
    if (doc.type === 'task') this.#tasks.set(doc._id, doc);
    else if (doc.type === 'receipt') this.#receiptsOf(doc.record).set(doc.judge, doc);
    else if (doc.type === 'record') this.#entries.set(doc._id, await this.#entryOf(mailbox, doc));
  }

  /** @param {string} record @returns {Map<string, Doc>} */
  #receiptsOf(record) {
    const found = this.#receipts.get(record) ?? new Map();
    this.#receipts.set(record, found);
    return found;
  }

  /** @param {string} id */
  #drop(id) {
    this.#tasks.delete(id);
    const receipt = /^receipt:(record:.+):([^:]+)$/.exec(id);
    if (receipt) this.#receiptsOf(receipt[1]).delete(receipt[2]);
    this.#entries.delete(id);
  }

  /** @param {string} mailbox @param {Doc} doc @returns {Promise<Entry>} */
  async #entryOf(mailbox, doc) {
    const all = await leaves(this.sync.local(mailbox), doc);
    const own = this.outbox.of(mailbox, doc._id).map(({ edit }) => edit);
    const edits = union(...all.map((leaf) => leaf.edits ?? []), own);
    const at = edits.at(-1)?.at ?? '';
    return this.#fold({ doc, mailbox, edits, form: null, folded: null, digest: await editsDigest(edits), at });
  }

  /** @param {Entry} entry @returns {Entry} */
  #fold(entry) {
    const version = Math.max(entry.doc.version, ...entry.edits.map((edit) => edit.version ?? 0));
    const form = this.catalogue.form(entry.doc.form, version);
    return { ...entry, form, folded: form && fold(entry.edits, form) };
  }

  #formsChanged() {
    for (const [id, entry] of this.#entries) if (!entry.form) this.#entries.set(id, this.#fold(entry));
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

/** When a device made its last edit; empty where it made none. @param {any[]} edits @param {string} device @returns {string} */
const lastOf = (edits, device) => edits.reduce((last, edit) => (edit.device === device && edit.at > last ? edit.at : last), '');
