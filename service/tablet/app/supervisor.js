/**
 * Keeps one direction of one database going: starts the replication, and after each end decides what that end means.
 *
 * PouchDB's own `sync` and `retry` are not used: the first pauses silently on a missing database, the second gives up for
 * good on 401 and 403.
 */
import { Refusal } from './api.js';
import { pause, Wait } from './retry.js';

/**
 * @typedef {import('./db.js').Handle} Handle
 * @typedef {import('./db.js').Failure} Failure
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {'stopped' | 'starting' | 'moving' | 'idle' | 'waiting' | 'locked' | 'forbidden'} State
 *   waiting: for the network or the service; locked: for a password; forbidden: for the office
 * @typedef {object} Task
 * @property {string} name
 * @property {boolean} live goes on after it has caught up; else it is idle until kicked
 * @property {() => Handle} replicate starts it
 * @property {() => Promise<unknown>} prepare makes sure of a token; raises `Refusal`
 * @property {() => Promise<unknown>} renew gets a new token; raises `Refusal`
 * @property {(docs: Doc[], pending: number | undefined) => void} [moved] documents that have arrived, and how many
 *   follow, where that is known
 * @property {(failure: Failure) => void} [denied] a document that the other side refused for good
 * @property {() => void} [settled] nothing is left to move
 * @property {() => void} changed the state is another
 */

const FORBIDDEN_MS = 5 * 60_000;
/** CouchDB answers 400 to a malformed token and 404 where a key is unknown: both mean the sign-in. */
const SIGN_IN = [400, 401, 404];

export class Supervisor {
  /** @type {State} */
  state = 'stopped';
  /** @type {Handle | null} */
  #handle = null;
  /** @type {((failure: Failure | null) => void) | null} */
  #ended = null;
  #wait = new Wait();
  #attempt = 0;
  #renewed = false;
  #held = false;
  #kicked = false;
  #running = false;

  /** @param {Task} task */
  constructor(task) {
    this.task = task;
  }

  /** Begin, unless it runs. */
  start() {
    if (this.#running) return;
    this.#running = true;
    this.#run().catch((error) => {
      this.#running = false;
      this.#turn('stopped');
      console.error(this.task.name, error);
    });
  }

  /** End, and let go of the connection. */
  stop() {
    this.#running = false;
    this.#cut();
    this.#wait.cut();
    this.#turn('stopped');
  }

  /** Try now instead of later: the network is back, somebody signed in, or there is something to move. */
  kick() {
    this.#kicked = true;
    this.#attempt = 0;
    this.#wait.cut();
  }

  /** Let others go first: what is under way is cut off, and goes on from its checkpoint when released. */
  hold() {
    this.#held = true;
    this.#cut();
  }

  /** Go on. */
  release() {
    this.#held = false;
    this.kick();
  }

  #cut() {
    this.#handle?.cancel();
    // A replication that is cancelled between two steps does not always say so.
    this.#ended?.(null);
  }

  async #run() {
    while (this.#running) {
      this.#kicked = false;
      const failure = this.#held ? null : await this.#once();
      if (!this.#running) return;
      if (failure) await this.#recover(failure);
      else if (!this.#kicked) await this.#rest();
    }
  }

  async #rest() {
    this.#turn('idle');
    await this.#wait.for(2 ** 31 - 1);
  }

  /** One replication from beginning to end. @returns {Promise<Failure | null>} */
  async #once() {
    this.#turn('starting');
    try {
      await this.task.prepare();
      if (!this.#running || this.#held) return null;
    } catch (error) {
      return /** @type {Failure} */ (error);
    }
    return new Promise((resolve) => this.#listen(resolve));
  }

  /** @param {(failure: Failure | null) => void} ended */
  #listen(ended) {
    const handle = this.task.replicate();
    this.#handle = handle;
    this.#ended = ended;
    handle.on('active', () => this.#turn('moving'));
    handle.on('change', ({ docs, pending }) => {
      this.#worked();
      this.#turn('moving');
      this.task.moved?.(docs, pending);
    });
    handle.on('denied', (failure) => this.task.denied?.(failure));
    handle.on('paused', () => this.#pausedOf(handle));
    handle.on('error', (failure) => ended(failure));
    handle.on('complete', () => {
      this.#pausedOf(handle);
      ended(null);
    });
    handle.catch((/** @type {Failure} */ failure) => ended(failure));
  }

  /** @param {Handle} handle */
  #pausedOf(handle) {
    if (handle !== this.#handle || this.#held || !this.#running) return;
    this.#worked();
    this.#turn('idle');
    this.task.settled?.();
  }

  #worked() {
    this.#attempt = 0;
    this.#renewed = false;
  }

  /** @param {Failure} failure */
  async #recover(failure) {
    const status = failure.status ?? 0;
    // A new token tells which teams the person is in now; what is forbidden with that too is the office's to mend.
    if ([...SIGN_IN, 403].includes(status) && !this.#renewed) return this.#renew();
    if (status === 403) return this.#pause('forbidden', FORBIDDEN_MS);
    return this.#pause('waiting', pause((this.#attempt += 1)));
  }

  async #renew() {
    this.#renewed = true;
    try {
      await this.task.renew();
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) return this.#pause('waiting', pause((this.#attempt += 1)));
      this.#renewed = false;
      await this.#pause('locked', 2 ** 31 - 1);
    }
    return undefined;
  }

  /** @param {State} state @param {number} ms */
  async #pause(state, ms) {
    this.#turn(state);
    if (!this.#kicked) await this.#wait.for(ms);
  }

  /** @param {State} state */
  #turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.task.changed();
  }
}
