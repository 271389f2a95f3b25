/**
 * What this tablet tells the office of itself: how far its clock is off, and what is still here and since when. Written
 * straight into the team's mailbox over there whenever it would say something new, since without a network nobody could
 * read it anyway; and once an hour where there is nothing new, since that too is news.
 */
import { store } from './db.js';
import { hub } from './place.js';
import { VERSION } from './version.js';

/**
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./drafts.js').Drafts} Drafts
 */

const GATHER_MS = 3_000;
const AGAIN_MS = 3_600_000;
/** An answer that is older says nothing of now. */
const IN_TOUCH_MS = 90_000;

export class DeviceReport {
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #told = '';
  #toldAt = 0;
  #stopped = false;

  /** @param {Sync} sync @param {Drafts} drafts */
  constructor(sync, drafts) {
    this.sync = sync;
    this.drafts = drafts;
  }

  start() {
    this.sync.addEventListener('change', () => this.#soon());
    this.#soon();
  }

  stop() {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #soon() {
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#tell().catch(() => undefined); // told at the next occasion
    }, GATHER_MS);
  }

  async #tell() {
    // Where text gets through and pictures do not, the office hears of it all the same.
    if (this.#stopped || !navigator.onLine || Date.now() - this.sync.contact.last > IN_TOUCH_MS) return;
    const body = this.#body();
    const text = JSON.stringify(body);
    if (text === this.#told && Date.now() - this.#toldAt < AGAIN_MS) return;
    const { databases, device } = this.sync.profile;
    const ms = this.sync.contact.skew.ms ?? 0;
    for (const name of databases.mailboxes) {
      const whole = { ...body, _id: `report:${device}`, type: 'report', team: name.replace(/^mailbox-/, ''), at: new Date(Date.now() - ms).toISOString() };
      await store(this.sync.remote(name), whole._id, () => whole);
    }
    this.#told = text;
    this.#toldAt = Date.now();
  }

  #body() {
    const { unsent, profile, contact } = this.sync;
    const all = unsent.all();
    const records = all.filter(({ id }) => id.startsWith('record:')).length;
    const oldest = all.length ? Math.min(...all.map(({ since }) => since)) - (contact.skew.ms ?? 0) : null;
    return {
      device: profile.device,
      by: profile.user.name,
      app: VERSION,
      via: hub()?.name ?? null,
      skews: contact.skew.all,
      held: {
        records,
        files: all.length - records,
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        drafts: this.drafts.all().length,
        refused: unsent.refusals().length,
        since: oldest === null ? null : new Date(oldest).toISOString(),
      },
    };
  }
}
