/**
 * Drafts: what is being filled on this tablet and has not been sent. Each keystroke is written; writes of one draft follow
 * one another, and of several that wait only the last is made.
 */
import { entries, forget, keep } from './vault.js';

/**
 * @typedef {object} Draft
 * @property {string} record id of the record that it will become or change
 * @property {string} team
 * @property {string} form
 * @property {number} version
 * @property {string | null} task id of the task that it answers
 * @property {import('./values.js').Values} before the values that the person saw when the sitting began
 * @property {string[]} base `id digest` of the edits that those values came from: what is set replaces these, no others
 * @property {boolean} changes true where the record is already there
 * @property {import('./values.js').Values} values
 * @property {string[]} [settles] paths that are set even where their value stays: one of several that stood there
 * @property {number} begun ms
 * @property {number} saved ms
 */

export class Drafts extends EventTarget {
  /** @type {Map<string, Draft>} by record id */
  #drafts = new Map();
  /** @type {Map<string, Promise<void>>} */
  #writing = new Map();

  /** @param {string} user */
  constructor(user) {
    super();
    this.user = user;
  }

  async load() {
    for (const [, draft] of await entries('drafts', `${this.user}/`)) this.#drafts.set(draft.record, draft);
  }

  /** Newest first. @returns {Draft[]} */
  all() {
    return [...this.#drafts.values()].sort((a, b) => b.saved - a.saved);
  }

  /** @param {string} record */
  of(record) {
    return this.#drafts.get(record) ?? null;
  }

  /** Keep it now. Resolves once it is on the disk. @param {Draft} draft */
  save(draft) {
    this.#drafts.set(draft.record, draft);
    const waiting = this.#writing.get(draft.record);
    if (waiting) return waiting;
    const written = this.#write(draft.record);
    this.#writing.set(draft.record, written);
    return written;
  }

  /** @param {string} record */
  async #write(record) {
    let written;
    try {
      do {
        written = this.#drafts.get(record);
        if (!written) break;
        await keep('drafts', `${this.user}/${record}`, written);
      } while (written !== this.#drafts.get(record));
    } finally {
      this.#writing.delete(record); // after a failure too: the next keystroke tries again
    }
    this.dispatchEvent(new Event('change'));
  }

  /** Forget it: it was sent, or thrown away. Gives it back, for undoing. @param {string} record */
  async drop(record) {
    const draft = this.of(record);
    this.#drafts.delete(record);
    await this.#writing.get(record)?.catch(() => undefined);
    await forget('drafts', `${this.user}/${record}`);
    this.dispatchEvent(new Event('change'));
    return draft;
  }
}
