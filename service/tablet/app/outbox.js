/**
 * Edits that were made here and that the office has not yet shown to have. Kept apart from the documents: what is under a
 * revision's name over there may be somebody else's, and what follows it here would put one's own edit out of sight.
 */
import { entries, forget, keep } from './vault.js';

/**
 * @typedef {import('./core/edits.js').Edit} Edit
 * @typedef {{database: string, record: string, task: string | null, edit: Edit}} Sent
 */

export class Outbox {
  /** @type {Map<string, Sent>} */
  #kept = new Map();

  /** @param {string} user */
  constructor(user) {
    this.user = user;
  }

  /** Read what was kept when the app was closed. */
  async load() {
    for (const [key, sent] of await entries('outbox', `${this.user}/`)) this.#kept.set(key, sent);
  }

  /** @param {Sent} sent */
  #key({ database, record, edit }) {
    return `${this.user}/${database}/${record}/${edit.id}`;
  }

  /** An edit was stored. @param {Sent} sent */
  async add(sent) {
    this.#kept.set(this.#key(sent), sent);
    await keep('outbox', this.#key(sent), sent);
  }

  /** The records of a database with edits that are kept. @param {string} database @returns {string[]} */
  records(database) {
    return [...new Set([...this.#kept.values()].filter((sent) => sent.database === database).map(({ record }) => record))];
  }

  /** What is kept of a record. @param {string} database @param {string} record @returns {Sent[]} */
  of(database, record) {
    return [...this.#kept.values()].filter((sent) => sent.database === database && sent.record === record);
  }

  /** The office has these. @param {Sent[]} all */
  async drop(all) {
    for (const sent of all) {
      this.#kept.delete(this.#key(sent));
      await forget('outbox', this.#key(sent));
    }
  }
}
