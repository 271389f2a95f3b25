/** Hybrid logical clocks; the twin of sync/clock.py. */

const TRUSTED_LEAD = 3_600_000;
const COUNTER_MAX = 0xffff;
/** A time has to exist in every zone, and no year has five digits. */
const YEAR_9999 = Date.UTC(9999, 0);
const PATTERN = /^(\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z)\/([0-9a-f]{4})\/([0-9a-z]{1,32})$/;

/** @typedef {{wall: number, counter: number}} ClockState `wall` in milliseconds since 1970 */

/** Whether something is a time of a hybrid clock, its date one that exists. @param {unknown} at */
export const isTime = (at) => typeof at === 'string' && parseAt(at) !== null;

/**
 * The parts of a time; null for text that is none.
 * @param {string} at
 * @returns {{wall: number, counter: number, device: string} | null}
 */
export function parseAt(at) {
  const found = PATTERN.exec(at);
  if (!found) return null;
  const wall = Date.parse(found[1]);
  // Date.parse() takes 30 February for 2 March.
  const exists = wall >= 0 && wall < YEAR_9999 && new Date(wall).toISOString() === found[1];
  return exists ? { wall, counter: parseInt(found[2], 16), device: found[3] } : null;
}

/** One device's clock: times never repeat and never go back, also over a restart if `state` is kept. */
export class Clock {
  #device;
  #state;

  /** @param {string} device @param {ClockState} [state] */
  constructor(device, state = { wall: 0, counter: 0 }) {
    this.#device = device;
    this.#state = { ...state };
  }

  /** A time later than every one made or observed before. @param {number} wall milliseconds since 1970 @returns {string} */
  tick(wall) {
    const last = this.#state;
    if (wall > last.wall) this.#state = { wall, counter: 0 };
    else if (last.counter < COUNTER_MAX) this.#state = { wall: last.wall, counter: last.counter + 1 };
    else this.#state = { wall: last.wall + 1, counter: 0 };
    const counter = this.#state.counter.toString(16).padStart(4, '0');
    return `${new Date(this.#state.wall).toISOString()}/${counter}/${this.#device}`;
  }

  /**
   * Learn of another device's time; false where it is more than an hour ahead and so not adopted.
   * @param {string} at @param {number} wall
   */
  observe(at, wall) {
    const seen = parseAt(at);
    if (!seen || seen.wall > wall + TRUSTED_LEAD) return false;
    const last = this.#state;
    if (seen.wall > last.wall || (seen.wall === last.wall && seen.counter > last.counter)) {
      this.#state = { wall: seen.wall, counter: seen.counter };
    }
    return true;
  }

  /** What has to be kept. @returns {ClockState} */
  get state() {
    return { ...this.#state };
  }
}
