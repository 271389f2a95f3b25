/**
 * A sitting: begun from a form, a task or a record; filled as a draft; and made one signed edit when it is sent.
 */
import { Clock } from './core/clock.js';
import { wellFormed } from './core/canonical.js';
import { editDigest, union } from './core/edits.js';
import { fold } from './core/merge.js';
import { diff, newEdit, newRecord, withEdit } from './core/record.js';
import { signEdit } from './core/signature.js';
import { ulid } from './core/ulid.js';
import { store } from './db.js';
import { keep, read } from './vault.js';
import { startingValues } from './defaults.js';
import { isEmpty, valueAt, withValue } from './values.js';
import { VERSION } from './version.js';

/**
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('./drafts.js').Drafts} Drafts
 * @typedef {import('./records.js').Entry} Entry
 * @typedef {import('./records.js').Records} Records
 * @typedef {import('./pictures.js').Pictures} Pictures
 * @typedef {import('./outbox.js').Outbox} Outbox
 * @typedef {import('./catalogue.js').Form} Form
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./db.js').Doc} Doc
 */

/** An edit larger than this is refused by the gate; so it is said here, where it can be mended. */
const EDIT_BYTES = 262_144;

/** The draft cannot be sent as it is; `code` names the sentence. */
export class SittingError extends Error {
  /** @param {'send.too_large' | 'send.nothing_changed'} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export class Sittings {
  /** @param {{session: Session, sync: Sync, drafts: Drafts, records: Records, pictures: Pictures, outbox: Outbox}} parts */
  constructor({ session, sync, drafts, records, pictures, outbox }) {
    this.session = session;
    this.sync = sync;
    this.drafts = drafts;
    this.records = records;
    this.pictures = pictures;
    this.outbox = outbox;
  }

  /**
   * Begin a new record. @param {Form} form @param {string} team @param {Doc | null} task @returns {Promise<Draft>}
   */
  async begin(form, team, task) {
    const values = startingValues(form, task?.answers ?? {}, this.beginning(form));
    return this.#draft({ record: `record:${form.id}:${ulid()}`, team, form: form.id, version: form.version, task: task?._id ?? null, before: {}, base: [], changes: false, values });
  }

  /** What the defaults of a form may ask for now. @param {Form} form @returns {import('./defaults.js').Beginning} */
  beginning(form) {
    const { user, device } = /** @type {import('./session.js').Profile} */ (this.session.profile);
    /** @type {Record<string, string>} */
    const known = { username: user.name, deviceid: device };
    return { now: new Date(), property: (name) => known[name] ?? '', last: this.records.lastSent(form.id, device) };
  }

  /** Change a record that is here; a sitting that is under way goes on. @param {Entry} entry @returns {Promise<Draft>} */
  async change(entry) {
    const under = this.drafts.of(entry.doc._id);
    if (under) return under;
    const { doc, folded, form } = entry;
    if (!folded || !form) throw new Error(`no form for ${doc._id}`);
    const base = entry.edits.map(nameOf);
    return this.#draft({ record: doc._id, team: doc.team, form: form.id, version: form.version, task: doc.task ?? null, before: folded.values, base, changes: true, values: folded.values });
  }

  /**
   * Take one of the values that stand against each other: a sitting that sets it, though it may be the one that shows.
   * @param {Entry} entry @param {string} path @param {unknown} value @returns {Promise<Draft>}
   */
  async settle(entry, path, value) {
    const draft = await this.change(entry);
    const settled = { ...draft, values: withValue(draft.values, path, value), settles: [...new Set([...(draft.settles ?? []), path])] };
    await this.drafts.save(settled);
    return settled;
  }

  /** @param {Omit<Draft, 'begun' | 'saved'>} draft @returns {Promise<Draft>} */
  async #draft(draft) {
    const now = Date.now();
    const whole = { ...draft, begun: now, saved: now };
    await this.drafts.save(whole);
    return whole;
  }

  /**
   * Make the draft an edit, sign it, and store it in the mailbox for replication to take.
   * @param {Draft} draft @param {Form} form @param {string[]} pictures digests that the answers hold
   * @param {ReadonlySet<string>} needed digests that other drafts hold
   * @returns {Promise<void>} raises `SittingError`
   */
  async send(draft, form, pictures, needed) {
    const values = wellFormed(draft.values);
    const mailbox = `mailbox-${draft.team}`;
    const db = this.sync.local(mailbox);
    const edits = this.records.get(draft.record)?.edits ?? [];
    const signed = await this.#edit(draft, form, values, edits);
    const bytes = JSON.stringify(signed).length;
    const { unsent } = this.sync;
    await unsent.note(mailbox, draft.record, null, bytes);
    try {
      await this.pictures.send(pictures, draft.team, needed);
      const rev = await this.#store(draft, form, edits, signed);
      await this.outbox.add({ database: mailbox, record: draft.record, task: draft.task ?? null, edit: signed });
      await unsent.note(mailbox, draft.record, rev, bytes);
    } catch (error) {
      // Such as a full storage: the draft is still there, and nothing is to be sent.
      await unsent.failed(mailbox, db, draft.record).catch(() => undefined);
      throw error;
    }
    await this.drafts.drop(draft.record);
    await this.records.refresh(mailbox, draft.record);
  }

  /** @param {Draft} draft @param {Form} form @param {any[]} edits @param {import('./core/merge.js').Edit} signed */
  #store(draft, form, edits, signed) {
    return store(this.sync.local(`mailbox-${draft.team}`), draft.record, (current) => {
      const found = /** @type {import('./core/record.js').RecordDocument | null} */ (current);
      const record = found ?? newRecord({ id: draft.record, form, team: draft.team, task: draft.task ?? undefined });
      return withEdit({ ...record, edits: union(edits, record.edits) }, signed, form);
    });
  }

  /** @param {Draft} draft @param {Form} form @param {import('./values.js').Values} values @param {any[]} edits */
  async #edit(draft, form, values, edits) {
    // What arrived while the person was writing has not been seen by them, and must not be marked as replaced.
    const seen = fold(edits.filter((edit) => draft.base.includes(nameOf(edit))), form);
    const { set, unset } = diff(draft.before, values, form);
    for (const path of draft.settles ?? []) {
      const value = valueAt(values, path);
      if (!isEmpty(value)) set[path] = value;
    }
    if (seen.state !== 'submitted') set['/_state'] = 'submitted';
    if (!Object.keys(set).length && !unset.length) throw new SittingError('send.nothing_changed');
    const { user, device } = /** @type {import('./session.js').Profile} */ (this.session.profile);
    const at = await this.#tick(device, edits);
    const edit = newEdit(seen, { set, unset, by: user.name, device, at, app: VERSION, version: draft.version, note: null });
    if (new TextEncoder().encode(JSON.stringify(edit)).length > EDIT_BYTES) throw new SittingError('send.too_large');
    return signEdit(draft.record, edit, await this.session.signingKey());
  }

  /** The next moment of this tablet's clock, later than anything in the record. @param {string} device @param {any[]} edits */
  async #tick(device, edits) {
    const name = `clock/${device}`;
    const clock = new Clock(device, await read('settings', name));
    for (const edit of edits) clock.observe(edit.at, Date.now());
    const at = clock.tick(Date.now());
    await keep('settings', name, clock.state);
    return at;
  }
}

/** Two edits may share an id; with the digest, which foreign ones have too, they are told apart. @param {any} edit */
const nameOf = (edit) => `${edit?.id} ${editDigest(edit)}`;
