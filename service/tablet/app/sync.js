/**
 * All replications of one person: forms and lists in, the team's mailbox both ways, pictures out after the text.
 *
 * Pictures are not fetched ahead: those of others are asked for one at a time when somebody looks at them, so that a weak
 * network carries what this tablet has to say first.
 */
import { openLocal, openRemote } from './db.js';
import { inParts } from './delivery.js';
import { authorised } from './contact.js';
import { Supervisor } from './supervisor.js';
import { PULL, pushPictures, pushText } from './ways.js';

/**
 * @typedef {import('./db.js').Database} Database
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {import('./db.js').Failure} Failure
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./session.js').Profile} Profile
 * @typedef {import('./unsent.js').Unsent} Unsent
 * @typedef {import('./contact.js').Contact} Contact
 * @typedef {import('../vendor/pouchdb.js').ReplicateOptions} ReplicateOptions
 * @typedef {{documents: number, bytes: number, pending: number}} Moving since it began to move; bytes of what is sent
 */

export class Sync extends EventTarget {
  /** @type {Map<string, Database>} */
  #locals = new Map();
  /** @type {Map<string, Database>} */
  #remotes = new Map();
  /** @type {Map<string, Supervisor>} */
  #supervisors = new Map();
  /** Of what moves, by supervisor. @type {Map<string, Moving>} */
  #moving = new Map();
  /** Databases in which something has come for a document that waits to be sent. @type {Set<string>} */
  #crossed = new Set();
  #abort = new AbortController();
  /** @type {import('./proof.js').Proof | null} */
  #proof = null;

  /**
   * @param {Session} session @param {Profile} profile @param {Unsent} unsent @param {Contact} contact
   */
  constructor(session, profile, unsent, contact) {
    super();
    this.session = session;
    this.profile = profile;
    this.unsent = unsent;
    this.contact = contact;
    for (const name of this.databases()) this.#locals.set(name, openLocal(profile.user.name, name));
  }

  /** Names of all databases of this person. */
  databases() {
    const { reference, mailboxes, media } = this.profile.databases;
    return [reference, ...mailboxes, ...media];
  }

  /** @param {string} name @returns {Database} */
  local(name) {
    const found = this.#locals.get(name) ?? openLocal(this.profile.user.name, name);
    this.#locals.set(name, found);
    return found;
  }

  /** Mailboxes of teams that the person has left, with something in them that was never sent. @returns {string[]} */
  leftBehind() {
    const names = new Set(this.unsent.all().map(({ database }) => database));
    return [...names].filter((name) => name.startsWith('mailbox-') && !this.databases().includes(name));
  }

  /** @param {string} name @returns {Database} */
  remote(name) {
    let found = this.#remotes.get(name);
    if (!found) {
      found = openRemote(name, authorised(this.session, this.contact));
      inParts(found, () => /** @type {Database} */ (found).info());
      this.#remotes.set(name, found);
    }
    return found;
  }

  /**
   * How a database is replicated.
   * @param {string} name @returns {{pull: ReplicateOptions, push: ReplicateOptions | null}} no push where nothing is sent
   */
  ways(name) {
    const sends = this.profile.databases.mailboxes.includes(name);
    return { pull: PULL, push: sends ? pushText(this.profile.user.name) : null };
  }

  /** Begin. @param {import('./proof.js').Proof} proof says whether what was sent is there */
  start(proof) {
    this.#proof = proof;
    const options = { signal: this.#abort.signal };
    const { reference, mailboxes, media } = this.profile.databases;
    this.#pull(reference);
    for (const name of mailboxes) {
      this.#pull(name);
      this.#pushText(name);
    }
    for (const name of media) this.#pushPictures(name);
    addEventListener('online', () => this.kick(), options);
    addEventListener('offline', () => this.#tell(), options);
    document.addEventListener('visibilitychange', () => document.hidden || this.kick(), options);
    this.session.addEventListener('change', () => this.#sessionChanged(), options);
    this.contact.addEventListener('change', () => this.#tell(), options);
  }

  /** Try everything now. */
  kick() {
    for (const supervisor of this.#supervisors.values()) supervisor.kick();
    this.#tell();
  }

  /** End, and let go of the databases. */
  async stop() {
    this.#abort.abort();
    this.#proof?.stop();
    for (const supervisor of this.#supervisors.values()) supervisor.stop();
    await Promise.all([...this.#locals.values()].map((db) => db.close()));
  }

  /** Offer what was refused again. */
  async offerAgain() {
    for (const name of this.#outgoing()) await this.unsent.offerAgain(name, this.local(name), this.remote(name));
  }

  /** How much has moved one way since it began to, and how much is known to follow. @param {'push' | 'pull'} way @returns {Moving} */
  moved(way) {
    const all = [...this.#moving].filter(([name]) => name.startsWith(way)).map(([, each]) => each);
    const sum = (/** @type {keyof Moving} */ what) => all.reduce((total, each) => total + each[what], 0);
    return { documents: sum('documents'), bytes: sum('bytes'), pending: sum('pending') };
  }

  /** What moves, and what it waits for. @returns {{moving: string[], locked: boolean, forbidden: string[], reached: boolean}} */
  status() {
    const by = (/** @type {string[]} */ ...states) => [...this.#supervisors].filter(([, it]) => states.includes(it.state)).map(([name]) => name);
    return {
      moving: by('moving'),
      locked: this.session.locked || by('locked').length > 0,
      forbidden: by('forbidden'),
      reached: navigator.onLine && by('waiting', 'locked', 'forbidden').length === 0 && by('idle', 'moving').length > 0,
    };
  }

  #outgoing() {
    const { mailboxes, media } = this.profile.databases;
    return [...mailboxes, ...media];
  }

  /** @param {string} name */
  #pull(name) {
    this.#supervise(`pull ${name}`, {
      live: true,
      replicate: () => this.local(name).replicate.from(this.remote(name), this.ways(name).pull),
      moved: (docs) => {
        if (docs.some(({ _id }) => this.unsent.has(name, _id))) this.#crossed.add(name);
      },
      settled: () => {
        if (this.#crossed.has(name)) this.#settled(name);
      },
    });
  }

  /** @param {string} name */
  #pushText(name) {
    const push = /** @type {ReplicateOptions} */ (this.ways(name).push);
    const pictures = () => this.#supervisors.get(`push ${name.replace(/^mailbox-/, 'media-')}`);
    this.#supervise(`push ${name}`, {
      live: true,
      replicate: () => this.local(name).replicate.to(this.remote(name), push),
      ...this.#delivering(name),
      settled: () => this.#settled(name).then(() => pictures()?.release()),
    });
  }

  /** @param {string} name */
  #pushPictures(name) {
    const options = pushPictures(this.profile.device);
    const supervisor = this.#supervise(`push ${name}`, {
      live: false,
      replicate: () => this.local(name).replicate.to(this.remote(name), options),
      ...this.#delivering(name),
      settled: () => this.#settled(name),
    });
    supervisor.hold();
  }

  /** @param {string} name */
  #delivering(name) {
    return {
      moved: (/** @type {Doc[]} */ docs) => void this.unsent.arrived(name, docs),
      denied: (/** @type {Failure} */ failure) =>
        void this.unsent.refuse(name, failure.id ?? '', failure.reason ?? failure.message, failure.status ?? 403),
    };
  }

  /** Nothing moves any more: ask what has arrived, and if that cannot be asked, after the next that comes. @param {string} name */
  async #settled(name) {
    const proof = /** @type {import('./proof.js').Proof} */ (this.#proof);
    proof.soon();
    const crossed = this.#crossed.delete(name);
    try {
      await this.unsent.verify(name, this.local(name), this.remote(name), (id) => proof.shown(name, id));
    } catch {
      if (crossed) this.#crossed.add(name);
    }
  }

  /**
   * @param {string} name
   * @param {Pick<import('./supervisor.js').Task, 'live' | 'replicate' | 'moved' | 'denied' | 'settled'>} task
   */
  #supervise(name, task) {
    const supervisor = new Supervisor({
      ...task,
      name,
      moved: (docs, pending) => {
        this.#count(name, docs, pending ?? 0);
        task.moved?.(docs, pending);
      },
      prepare: () => this.session.token(),
      renew: () => this.session.renew(),
      changed: () => this.#turned(name),
    });
    this.#supervisors.set(name, supervisor);
    supervisor.start();
    return supervisor;
  }

  /** @param {string} name @param {Doc[]} docs @param {number} pending */
  #count(name, docs, pending) {
    const before = this.#moving.get(name) ?? { documents: 0, bytes: 0, pending: 0 };
    const database = name.split(' ')[1];
    const bytes = docs.reduce((sum, { _id }) => sum + this.unsent.bytes(database, _id), before.bytes);
    this.#moving.set(name, { documents: before.documents + docs.length, bytes, pending });
    this.#tell();
  }

  /** Text goes first: while a mailbox moves, its pictures wait. @param {string} name */
  #turned(name) {
    if (this.#supervisors.get(name)?.state !== 'moving') this.#moving.delete(name);
    if (name.startsWith('push mailbox-') && this.#supervisors.get(name)?.state === 'moving') {
      this.#supervisors.get(name.replace('push mailbox-', 'push media-'))?.hold();
    }
    this.#tell();
  }

  #sessionChanged() {
    if (this.session.profile && !this.session.locked) {
      this.kick();
      this.offerAgain().catch(() => undefined);
    }
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event('change'));
  }
}
