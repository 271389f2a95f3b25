/**
 * The first time that somebody is signed in on this tablet: forms, lists and the mailboxes come as packs, before anything
 * can be written here. What cannot be had that way comes by replication instead, later and with the same outcome.
 */
import { authorised } from './contact.js';
import { join, loadPack, PackError } from './packs.js';
import { serviceOrigin } from './place.js';
import { pause, Wait } from './retry.js';
import { keep, read } from './vault.js';

/**
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./packs.js').Progress} Progress
 * @typedef {{state: 'loading' | 'loaded' | 'done' | 'plain', since?: unknown}} Mark plain: by replication
 * @typedef {Progress & {database: string, state: 'waiting' | 'loading' | 'done'}} Part
 */

/** Attempts in a row that bring nothing. */
const TRIES = 5;
const ANEW = 412;
const NOTHING = { documents: 0, of: 0, bytes: 0, size: 0 };

/** @param {string} user @param {string} database */
const markOf = (user, database) => `pack/${user}/${database}`;

export class FirstLoad extends EventTarget {
  /** @type {Part[]} */
  parts = [];
  /** The network is away, or the service is busy. */
  waiting = false;
  #wait = new Wait();
  #abort = new AbortController();

  /** @param {Sync} sync */
  constructor(sync) {
    super();
    this.sync = sync;
  }

  /** Find out what has to come. @returns {Promise<boolean>} whether anything has */
  async prepare() {
    const { reference, mailboxes } = this.sync.profile.databases;
    for (const database of [reference, ...mailboxes]) {
      if (await this.#lacks(database)) this.parts.push({ database, state: 'waiting', ...NOTHING });
    }
    return this.parts.length > 0;
  }

  /** Fetch it; returns when everything is here or is left to replication. */
  async run() {
    const online = () => this.#wait.cut();
    addEventListener('online', online);
    try {
      for (const part of this.parts) await this.#bring(part);
    } finally {
      removeEventListener('online', online);
    }
  }

  /** Do not wait any longer: what is not here yet comes by replication. */
  skip() {
    this.#abort.abort();
    this.#wait.cut();
  }

  /** @param {string} database */
  async #lacks(database) {
    const mark = await this.#marked(database);
    if (mark) return mark.state === 'loading' || mark.state === 'loaded';
    const { update_seq } = await this.sync.local(database).info();
    if (Number(update_seq) === 0) return true;
    await this.#mark(database, { state: 'plain' });
    return false;
  }

  /** @param {Part} part */
  async #bring(part) {
    this.#turn(part, 'loading');
    try {
      await this.#fetch(part);
      await this.#mark(part.database, { state: 'done' });
    } catch (error) {
      if (!this.#abort.signal.aborted) console.warn(part.database, error);
      await this.#mark(part.database, { state: 'plain' });
    }
    this.#turn(part, 'done');
  }

  /** @param {Part} part */
  async #fetch(part) {
    const { database } = part;
    const mark = await this.#marked(database);
    let since = mark?.since;
    if (mark?.state !== 'loaded') {
      await this.#mark(database, { state: 'loading' });
      since = await this.#load(part);
      await this.#mark(database, { state: 'loaded', since });
    }
    await this.#join(part, since);
  }

  /** @param {Part} part @param {unknown} since */
  async #join(part, since) {
    const { database } = part;
    const { pause: wait } = this.#options(part);
    for (let failures = 1; ; failures += 1) {
      this.#abort.signal.throwIfAborted();
      try {
        return await join(this.sync.local(database), this.sync.remote(database), since, this.sync.ways(database));
      } catch {
        await wait(failures);
      }
    }
  }

  /** @param {Part} part @returns {Promise<unknown>} */
  async #load(part) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await loadPack(this.sync.local(part.database), (headers) => this.#get(part.database, headers), this.#options(part));
      } catch (error) {
        // The pack was replaced while it was on its way: the newer one is loaded over it.
        if (!(error instanceof PackError) || error.status !== ANEW || attempt === TRIES) throw error;
        Object.assign(part, NOTHING);
      }
    }
  }

  /** @param {Part} part @returns {import('./packs.js').Options} */
  #options(part) {
    return {
      told: (progress) => {
        Object.assign(part, progress);
        this.waiting = false;
        this.#tell();
      },
      pause: async (failures) => {
        this.#abort.signal.throwIfAborted();
        if (failures > TRIES) throw new Error('the pack cannot be had now');
        this.waiting = true;
        this.#tell();
        await this.#wait.for(pause(failures));
        this.#abort.signal.throwIfAborted();
      },
    };
  }

  /** @param {string} database @param {Record<string, string>} headers @returns {Promise<Response>} */
  async #get(database, headers) {
    const { session, contact } = this.sync;
    const ask = () => authorised(session, contact)(`${serviceOrigin()}/api/v1/packs/${database}`, { headers, signal: this.#abort.signal, cache: 'no-store' });
    const response = await ask();
    if (response.status !== 401) return response;
    await session.renew();
    return ask();
  }

  /** @param {string} database @returns {Promise<Mark | undefined>} */
  #marked(database) {
    return read('settings', markOf(this.sync.profile.user.name, database));
  }

  /** @param {string} database @param {Mark} mark */
  #mark(database, mark) {
    return keep('settings', markOf(this.sync.profile.user.name, database), mark);
  }

  /** @param {Part} part @param {Part['state']} state */
  #turn(part, state) {
    part.state = state;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}

/** Every note of what came by pack for this person begins so. @param {string} user */
export const marksOf = (user) => markOf(user, '');
