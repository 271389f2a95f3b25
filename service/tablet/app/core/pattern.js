/**
 * Regular expressions that take time in proportion to the text, whatever their author wrote; the twin of
 * schemas/expression/pattern.py. A pattern is trusted to be one: it was checked when its form was published.
 */

/**
 * @typedef {[number, number][]} Ranges
 * @typedef {{ranges: Ranges | null, ways: number[], at: string}} Step takes a character of `ranges`, or goes on to all of
 *   `ways` at once where `at` allows
 * @typedef {{takers: number[], accepts: boolean, after: Map<string, State>}} State where the branches stand after some
 *   text; `after` is what each further character leads to
 */

const MAX_TEXT = 10_000;
const MAX_WORK = 2_000_000;
const MAX_KNOWN = 500;
const LAST = 0x10ffff;
const QUANTIFIER = /(?:([*+?])|\{([0-9]{1,4})(,([0-9]{0,4}))?\})(\??)/y;
const CODE = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y;
/** @type {Record<string, number>} */
const CONTROLS = { n: 10, t: 9 };

/** @param {Ranges} ranges @returns {Ranges} every character that is in none of them */
function without(ranges) {
  /** @type {Ranges} */
  const found = [];
  let start = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > start) found.push([start, low - 1]);
    start = Math.max(start, high + 1);
  }
  return start <= LAST ? [...found, [start, LAST]] : found;
}

/** @type {Record<string, Ranges>} */
const CLASSES = { d: [[48, 57]], w: [[48, 57], [65, 90], [95, 95], [97, 122]], s: [[9, 13], [32, 32]] };
for (const name of ['d', 'w', 's']) CLASSES[name.toUpperCase()] = without(CLASSES[name]);

/** @type {Map<string, Pattern>} */
const patterns = new Map();

/** The pattern that a text means. @param {string} text */
export function pattern(text) {
  const known = patterns.get(text);
  if (known) return known;
  if (patterns.size >= 128) patterns.clear();
  const found = new Pattern(new Reader(text).program());
  patterns.set(text, found);
  return found;
}

/** @param {Ranges | null} ranges @param {number[]} [ways] @param {string} [at] @returns {Step} */
const step = (ranges, ways = [], at = '') => ({ ranges, ways, at });
/** @param {Step[]} steps @param {number} by */
const moved = (steps, by) => steps.map((each) => ({ ...each, ways: each.ways.map((way) => way + by) }));

/** A pattern that was read. What it has learnt of its states is kept, up to a limit. */
class Pattern {
  /** @param {Step[]} program */
  constructor(program) {
    this.program = program;
    /** @type {Map<string, State>} */
    this.known = new Map();
    this.start = this.state([0], true);
  }

  /** Whether the whole text matches. @param {string} text */
  matches(text) {
    const characters = [...text];
    if (characters.length > MAX_TEXT || characters.length * this.program.length > MAX_WORK) return false;
    let state = this.start;
    for (const character of characters) {
      state = state.after.get(character) ?? this.follow(state, character);
      if (!state.takers.length && !state.accepts) return false;
    }
    return state.accepts;
  }

  /** @param {State} state @param {string} character */
  follow(state, character) {
    const code = /** @type {number} */ (character.codePointAt(0));
    const fits = (/** @type {number} */ number) => this.program[number].ranges?.some(([low, high]) => low <= code && code <= high);
    const taken = state.takers.filter(fits).map((number) => number + 1);
    const key = taken.join();
    if (!this.known.has(key) && this.known.size >= MAX_KNOWN) this.known.clear();
    const found = this.known.get(key) ?? this.state(taken, false);
    this.known.set(key, found);
    if (state.after.size >= MAX_KNOWN) state.after.clear();
    state.after.set(character, found);
    return found;
  }

  /** @param {number[]} kernel @param {boolean} first @returns {State} */
  state(kernel, first) {
    const inside = this.reached(kernel, first ? '^' : '');
    const ending = this.reached(kernel, first ? '^$' : '$');
    const takers = [...inside].filter((number) => this.program[number].ranges !== null).sort((a, b) => a - b);
    return { takers, accepts: ending.has(this.program.length - 1), after: new Map() };
  }

  /** The steps that can be come to without taking a character. @param {number[]} kernel @param {string} marks */
  reached(kernel, marks) {
    const found = new Set();
    const todo = [...kernel];
    while (todo.length) {
      const number = /** @type {number} */ (todo.pop());
      if (found.has(number)) continue;
      found.add(number);
      const { ranges, ways, at } = this.program[number];
      if (ranges === null && (!at || marks.includes(at))) todo.push(...ways);
    }
    return found;
  }
}

/** Reads a pattern to its program, whose last step is where a text has matched. */
class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.place = 0;
  }

  program() {
    return [...this.choice(), step(null)];
  }

  peek() {
    return this.place < this.text.length ? String.fromCodePoint(/** @type {number} */ (this.text.codePointAt(this.place))) : '';
  }

  take() {
    const found = this.peek();
    this.place += found.length;
    return found;
  }

  /** @param {RegExp} sticky */
  read(sticky) {
    sticky.lastIndex = this.place;
    const found = sticky.exec(this.text);
    if (found) this.place += found[0].length;
    return found;
  }

  /** @returns {Step[]} */
  choice() {
    let steps = this.sequence();
    while (this.peek() === '|') {
      this.take();
      const other = this.sequence();
      const [middle, end] = [steps.length + 2, steps.length + other.length + 2];
      steps = [step(null, [1, middle]), ...moved(steps, 1), step(null, [end]), ...moved(other, middle)];
    }
    return steps;
  }

  sequence() {
    /** @type {Step[]} */
    const steps = [];
    while (!['', '|', ')'].includes(this.peek())) steps.push(...moved(this.repeated(), steps.length));
    return steps;
  }

  repeated() {
    const steps = this.atom();
    const found = this.read(QUANTIFIER);
    return found ? copies(steps, ...times(found)) : steps;
  }

  /** @returns {Step[]} */
  atom() {
    const taken = this.take();
    if (taken === '(') return this.group();
    if (taken === '[') return [step(this.members())];
    if (taken === '\\') return [step(this.escape())];
    if (taken === '.') return [step(without([[10, 10]]))];
    if (taken === '^' || taken === '$') return [step(null, [1], taken)];
    return [step([[code(taken), code(taken)]])];
  }

  group() {
    if (this.peek() === '?') this.place += 2;
    const steps = this.choice();
    this.take();
    return steps;
  }

  /** @returns {Ranges} */
  escape() {
    const found = this.read(CODE);
    const name = found ? '' : this.take();
    if (Object.hasOwn(CLASSES, name)) return CLASSES[name];
    const read = found ? parseInt(found[1] ?? found[2], 16) : CONTROLS[name] ?? code(name);
    return [[read, read]];
  }

  /** @returns {Ranges} */
  members() {
    const inverted = this.peek() === '^';
    if (inverted) this.take();
    /** @type {Ranges} */
    const found = [];
    while (this.peek() !== ']') found.push(...this.span());
    this.take();
    return inverted ? without(found) : found;
  }

  /** One character, one class of them, or all from one to another. @returns {Ranges} */
  span() {
    const low = this.member();
    if (this.peek() !== '-' || this.text[this.place + 1] === ']') return low;
    this.take();
    return [[low[0][0], this.member()[0][0]]];
  }

  /** @returns {Ranges} */
  member() {
    const taken = this.take();
    return taken === '\\' ? this.escape() : [[code(taken), code(taken)]];
  }
}

/** @param {string} character */
const code = (character) => /** @type {number} */ (character.codePointAt(0));

/** How often at least and at most. @param {RegExpExecArray} found @returns {[number, number]} */
function times([, sign, least, range, most]) {
  if (sign) return sign === '*' ? [0, Infinity] : sign === '+' ? [1, Infinity] : [0, 1];
  return [Number(least), range === undefined ? Number(least) : most ? Number(most) : Infinity];
}

/** The steps so many times over; one that need not be taken leads on to the end, so that nothing grows twice. @param {Step[]} steps @param {number} least @param {number} most @returns {Step[]} */
function copies(steps, least, most) {
  if (most === Infinity) return endless(steps, least);
  const end = least * steps.length + (most - least) * (steps.length + 1);
  /** @type {Step[]} */
  const found = [];
  for (let number = 0; number < most; number += 1) {
    if (number >= least) found.push(step(null, [found.length + 1, end]));
    found.push(...moved(steps, found.length));
  }
  return found;
}

/** The steps so many times, then as often as there is. @param {Step[]} steps @param {number} least @returns {Step[]} */
function endless(steps, least) {
  const found = copies(steps, least, least);
  const here = found.length;
  return [...found, step(null, [here + 1, here + steps.length + 2]), ...moved(steps, here + 1), step(null, [here])];
}
