/** Waiting before another attempt: exponential, full jitter, and ended at once by news of the network or by `stop`. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * How long to wait before attempt number `attempt` (1, 2, …), in ms.
 * @param {number} attempt @param {() => number} [random]
 */
export const pause = (attempt, random = Math.random) =>
  250 + random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10));

/** A wait that can be cut short. */
export class Wait {
  /** @type {(() => void) | null} */
  #end = null;

  /** @param {number} ms @returns {Promise<void>} */
  for(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.cut(), ms);
      this.#end = () => {
        clearTimeout(timer);
        this.#end = null;
        resolve();
      };
    });
  }

  /** End it now; nothing where nobody waits. */
  cut() {
    this.#end?.();
  }
}
