/** What a normal answer of each question type is, and its limits; the twin of schemas/values.py. */

/**
 * @typedef {import('./form.js').Field} Field
 * @typedef {{code: string, params: Record<string, any>}} Fault
 */

const TEXT_LENGTH = 2_000;
const BARCODE_LENGTH = 500;
const POINTS = 5_000;
/** Points of the smallest ring: three, and the first one again. */
const RING = 4;
const DIGITS = 40;

const DECIMAL = /^-?\d+(\.\d+)?$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;
const DATETIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const DIGEST = /^[0-9a-f]{64}$/;
const ENTITY = /^entity:([a-z][a-z0-9_-]*):[^\x00- ]{1,128}$/u;
const FRACTION = /\.\d{7}/;

/** @param {string} code @param {Record<string, any>} [params] @returns {Fault} */
export const fault = (code, params = {}) => ({ code, params });

/** What is wrong with a value for its question; null where nothing is. @param {Field} field @param {any} value @returns {Fault | null} */
export function valueFault(field, value) {
  return CHECKS[field.type]?.(value, field) ?? null;
}

/** @param {(value: any) => boolean} fits @param {string} code @returns {(value: any, field: Field) => Fault | null} */
const check = (fits, code) => (value) => (fits(value) ? null : fault(code));

/** @param {number} most */
const text = (most) => (/** @type {any} */ value, /** @type {Field} */ field) => {
  if (typeof value !== 'string') return fault('not_text');
  const max = field.max_length ?? most;
  return [...value].length > max ? fault('too_long', { max }) : null;
};

/** @param {any} value @param {Field} field */
function integer(value, field) {
  return Number.isSafeInteger(value) ? bounds(String(value), field) : fault('not_integer');
}

/** @param {any} value @param {Field} field */
function decimal(value, field) {
  if (typeof value !== 'string' || value.length > DIGITS || !DECIMAL.test(value)) return fault('not_decimal');
  const places = (value.split('.')[1] ?? '').length;
  if (field.places !== null && places > field.places) return fault('too_many_places', { places: field.places });
  return bounds(value, field);
}

/** @param {string} value @param {Field} field */
function bounds(value, { min, max }) {
  if (min !== null && decimalOrder(value, String(min)) < 0) return fault('too_small', { min });
  if (max !== null && decimalOrder(value, String(max)) > 0) return fault('too_large', { max });
  return null;
}

/** Decimals of any length, without rounding: negative, zero or positive. @param {string} a @param {string} b @returns {number} */
export function decimalOrder(a, b) {
  const places = Math.max((a.split('.')[1] ?? '').length, (b.split('.')[1] ?? '').length);
  const [x, y] = [a, b].map((each) => {
    const [whole, part = ''] = each.replace(/^-/, '').split('.');
    return BigInt(whole + part.padEnd(places, '0')) * (each.startsWith('-') ? -1n : 1n);
  });
  return x < y ? -1 : x > y ? 1 : 0;
}

/** @param {any} value */
export function isDate(value) {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value) || value.startsWith('0000')) return false;
  const moment = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(value);
}

/** What asks for a month or a year is answered with its first day. @param {string} value @param {string[]} looks */
function wholeFault(value, looks) {
  if (isMonthly(looks)) return value.endsWith('-01') ? null : fault('not_month');
  return looks.includes('year') && !value.endsWith('-01-01') ? fault('not_year') : null;
}

/** Whether a date is asked as a month. @param {string[]} looks the words of an appearance */
export const isMonthly = (looks) => looks.includes('month') || looks.includes('month-year');

/** A time with its zone, however fine. @param {any} value */
export function isDatetime(value) {
  const found = typeof value === 'string' ? DATETIME.exec(value) : null;
  return found !== null && isDate(found[1]);
}

/** @param {any} value @param {Field} field */
function choice(value, field) {
  if (typeof value === 'string' && field.choices.some(({ name }) => name === value)) return null;
  return field.entity ? entity(value, field) : fault('not_a_choice', { value: shown(value) });
}

/** @param {any} value @param {Field} field */
function choices(value, field) {
  if (!Array.isArray(value)) return fault('not_list');
  const wrong = value.map((item) => choice(item, field)).find((each) => each !== null);
  return wrong ?? (new Set(value).size === value.length ? null : fault('repeated_choice'));
}

/** All choices have their place, unless a filter leaves some of them out. @param {any} value @param {Field} field */
function ranked(value, field) {
  return choices(value, field) ?? (field.choice_filter || value.length === field.choices.length ? null : fault('not_ranked'));
}

/** A ring, as GeoJSON and ODK have it: the last point is the first one again. @param {any} value */
function ring(value) {
  if (!isLine(value)) return fault('not_position');
  return value.length >= RING && isSamePlace(value[0], value[value.length - 1]) ? null : fault('not_closed');
}

/** @param {any} value */
const isLine = (value) => Array.isArray(value) && value.length > 0 && value.length <= POINTS && value.every(isPoint);

/** @param {Record<string, string>} one @param {Record<string, string>} other */
export const isSamePlace = (one, other) => one.lat === other.lat && one.lon === other.lon;

/** @param {any} value @param {Field} field */
function entity(value, field) {
  return typeof value === 'string' && ENTITY.exec(value)?.[1] === field.entity ? null : fault('not_entity');
}

/** @param {any} value @param {Field} field */
function files(value, field) {
  if (!Array.isArray(value) || !value.every(isDigest) || new Set(value).size !== value.length) return fault('not_media');
  return value.length > field.max_files ? fault('too_many_files', { max: field.max_files }) : null;
}

/** @param {any} value */
const isDigest = (value) => typeof value === 'string' && DIGEST.test(value);

/** @param {any} value */
function isPoint(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(value);
  if (!['lat', 'lon'].every((name) => names.includes(name))) return false;
  if (!names.every((name) => ['lat', 'lon', 'accuracy', 'altitude'].includes(name))) return false;
  if (!names.every((name) => typeof value[name] === 'string' && value[name].length <= DIGITS && DECIMAL.test(value[name]))) return false;
  return [['lat', '90'], ['lon', '180']].every(([name, most]) => decimalOrder(value[name].replace(/^-/, ''), most) <= 0);
}

/** A foreign value, short enough to stand in a sentence. @param {any} value */
function shown(value) {
  const said = Array.isArray(value) ? '[…]' : typeof value === 'object' && value !== null ? '{…}' : String(value);
  const characters = [...said];
  return characters.length <= 40 ? said : `${characters.slice(0, 39).join('')}…`;
}

/** @type {Record<string, (value: any, field: Field) => Fault | null>} */
const CHECKS = {
  text: text(TEXT_LENGTH),
  barcode: text(BARCODE_LENGTH),
  integer,
  decimal,
  boolean: check((value) => typeof value === 'boolean', 'not_boolean'),
  date: (value, field) => (isDate(value) ? wholeFault(value, field.appearance.split(/\s+/)) : fault('not_date')),
  time: check((value) => typeof value === 'string' && TIME.test(value), 'not_time'),
  datetime: check((value) => isDatetime(value) && !FRACTION.test(value), 'not_datetime'),
  select_one: choice,
  select_many: choices,
  rank: ranked,
  entity: choice,
  photo: files,
  audio: files,
  video: files,
  file: files,
  signature: check(isDigest, 'not_media'),
  geopoint: check(isPoint, 'not_position'),
  geotrace: check(isLine, 'not_position'),
  geoshape: ring,
  calculate: stored,
  score: stored,
};

/** What was computed here needs no check; what a tablet stored is of the type of `value`. @param {any} value @param {Field} field */
function stored(value, field) {
  return field.is_stored ? CHECKS[field.value || 'text'](value, field) : null;
}
