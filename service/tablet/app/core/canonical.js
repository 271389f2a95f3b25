/** Canonical JSON (RFC 8785) and digests; the twin of schemas/canonical.py. */

const SAFE = Number.MAX_SAFE_INTEGER;
const MAX_DEPTH = 64;
/** What is nested deeper is not told apart. */
const LENIENT_DEPTH = 128;

/** A value that has no canonical form: `path` says where, `code` why. */
export class CanonicalError extends Error {
  /** @param {string} path @param {string} code */
  constructor(path, code) {
    super(`${code} at ${path || '/'}`);
    this.path = path;
    this.code = code;
  }
}

/**
 * The text that is signed and hashed.
 * @param {unknown} value strings, integers, booleans, null, arrays and plain objects
 * @returns {string}
 */
export function canonical(value) {
  return write(value, '', 0);
}

/** @param {unknown} value @param {string} path @param {number} depth @returns {string} */
function write(value, path, depth) {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') return text(value, path);
  if (typeof value === 'number') return integer(value, path);
  if (typeof value !== 'object') throw new CanonicalError(path, 'not_json');
  if (depth >= MAX_DEPTH) throw new CanonicalError(path, 'too_deep');
  if (Array.isArray(value)) return `[${value.map((item, index) => write(item, `${path}/${index}`, depth + 1)).join(',')}]`;
  const object = /** @type {Record<string, unknown>} */ (value);
  // The default order of sort() is that of UTF-16 code units, which RFC 8785 asks for.
  const members = Object.keys(object).sort().map((key) => `${text(key, path)}:${write(object[key], `${path}/${key}`, depth + 1)}`);
  return `{${members.join(',')}}`;
}

/** @param {string} value @param {string} path */
function text(value, path) {
  if (!isWellFormed(value)) throw new CanonicalError(path, 'lone_surrogate');
  return JSON.stringify(value);
}

/** @param {number} value @param {string} path */
function integer(value, path) {
  if (!Number.isInteger(value)) throw new CanonicalError(path, 'not_integer');
  if (Math.abs(value) > SAFE) throw new CanonicalError(path, 'integer_range');
  return String(value === 0 ? 0 : value);
}

const LONE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** @param {string} value */
function isWellFormed(value) {
  return !LONE.test(value);
}

/**
 * The same value with every lone surrogate replaced, as one of them fails a whole batch of documents on the way.
 * @template T @param {T} value @returns {T}
 */
export function wellFormed(value) {
  if (typeof value === 'string') return /** @type {T} */ (/** @type {unknown} */ (value.replace(new RegExp(LONE, 'g'), '\uFFFD')));
  if (Array.isArray(value)) return /** @type {T} */ (/** @type {unknown} */ (value.map(wellFormed)));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormed(item)]);
  return /** @type {T} */ (Object.fromEntries(entries));
}

/** As near to canonical JSON as a value comes that has none: one with fractions, lone surrogates, great depth. @param {any} value @returns {string} */
export function lenient(value, depth = LENIENT_DEPTH) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth === 0) return 'null';
  if (Array.isArray(value)) return `[${value.map((item) => lenient(item, depth - 1)).join(',')}]`;
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${lenient(value[key], depth - 1)}`).join(',')}}`;
}

/** SHA-256, lower-case hex. @param {Uint8Array | ArrayBuffer} bytes @returns {Promise<string>} */
export async function sha256(bytes) {
  const hash = await crypto.subtle.digest('SHA-256', /** @type {BufferSource} */ (bytes));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 of the canonical JSON, lower-case hex. @param {unknown} value @returns {Promise<string>} */
export async function digest(value) {
  return sha256(new TextEncoder().encode(canonical(value)));
}
