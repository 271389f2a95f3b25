/**
 * What of a form is on the screen, and what has to be drawn anew: a keystroke redraws the questions that look otherwise
 * for it, and a large form shows its first screen before the questions below it are made.
 */

/** Enough for the tallest screen. */
const FIRST = 20;
/** So many more whenever there is nothing else to do; few enough that a tap in between is answered at once. */
const MORE = 20;

/** Safari has no idle callbacks. @param {() => void} act */
const whenIdle = (act) => ('requestIdleCallback' in globalThis ? requestIdleCallback(act, { timeout: 200 }) : setTimeout(act, 20));

export class Drawn {
  /** In which turn something last changed at a path or below it. @type {Map<string, number>} */
  #changed = new Map();
  #turn = 0;
  /** Everything is drawn anew when this changes. */
  #epoch = 0;
  #seen = '';
  /** Questions that are there already. @type {Set<string>} */
  #there = new Set();
  #room = FIRST;
  #refused = false;
  #growth = 0;
  #whole = false;

  /** Something looks otherwise at these paths. @param {Iterable<string>} paths of the record */
  touch(paths) {
    this.#turn += 1;
    for (let path of paths) {
      while (path && this.#changed.get(path) !== this.#turn) {
        this.#changed.set(path, this.#turn);
        path = path.slice(0, path.lastIndexOf('/'));
      }
    }
  }

  /** Everything looks otherwise. */
  renew() {
    this.#epoch += 1;
  }

  /** Everything looks otherwise if this is another than the last time. @param {string} seen */
  follow(seen) {
    if (seen !== this.#seen) this.renew();
    this.#seen = seen;
  }

  /** What decides whether a group or repeat is drawn anew: it is, unless these are the same as before. @param {string} path */
  container(path) {
    return [this.#epoch, this.#changed.get(path) ?? 0, this.#growth];
  }

  /** The same for a question; the last says whether there is room for it yet. @param {string} path @returns {[number, number, boolean]} */
  question(path) {
    return [this.#epoch, this.#changed.get(path) ?? 0, this.#takes(path)];
  }

  /** @param {string} path */
  #takes(path) {
    if (this.#whole || this.#there.has(path)) return true;
    if (!this.#room) {
      this.#refused = true;
      return false;
    }
    this.#room -= 1;
    this.#there.add(path);
    return true;
  }

  /** There is room for all of it. */
  complete() {
    if (this.#whole) return;
    this.#whole = true;
    this.#growth += 1;
  }

  /** Make the questions that are not there yet, some at a time. @param {() => void} draw @param {() => boolean} isOpen */
  fill(draw, isOpen) {
    whenIdle(() => {
      if (this.#whole || !isOpen()) return;
      [this.#room, this.#refused] = [MORE, false];
      this.#growth += 1;
      draw();
      if (this.#refused) this.fill(draw, isOpen);
      else this.#whole = true;
    });
  }
}
