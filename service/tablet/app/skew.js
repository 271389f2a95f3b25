/** How far this tablet's clock is from the service's: measured by the `Date` of its answers, kept, and said in words. */
import { t } from './i18n.js';
import { keep, read } from './vault.js';

/** @typedef {{at: string, ms: number}} Measured at a moment by the service's clock, this tablet's was ahead by `ms` */

/** `Date` has no fractions of a second, and an answer that was long under way tells nothing. */
const HALF_A_SECOND = 500;
const SLOW_MS = 10_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const KEPT = 50;
/** From here on people are told. */
export const NOTABLE_MS = 5 * MINUTE_MS;

/**
 * The measurements with one more, where it says anything new.
 * @param {Measured[]} known @param {string | null} date of the answer @param {number} sent @param {number} received ms of this tablet's clock
 * @returns {Measured[]}
 */
export function measured(known, date, sent, received) {
  const service = Date.parse(date ?? '') + HALF_A_SECOND;
  if (!Number.isFinite(service) || received - sent > SLOW_MS || received < sent) return known;
  const ms = Math.round((sent + received) / 2 - service);
  const last = known.at(-1);
  const same = last && Math.abs(last.ms - ms) < MINUTE_MS && service - Date.parse(last.at) < DAY_MS;
  return same ? known : [...known, { at: new Date(service).toISOString(), ms }].slice(-KEPT);
}

/** The measurements of this tablet. */
export class Skew {
  /** @type {Measured[]} the oldest first */
  all = [];

  async load() {
    this.all = (await read('settings', 'skews')) ?? [];
  }

  /** ms that this tablet's clock is ahead (behind: negative); null where it was never measured. */
  get ms() {
    return this.all.at(-1)?.ms ?? null;
  }

  /** An answer came. @param {string | null} date @param {number} sent @param {number} received */
  heard(date, sent, received) {
    const after = measured(this.all, date, sent, received);
    if (after === this.all) return;
    this.all = after;
    keep('settings', 'skews', after).catch(console.error);
  }
}

/** In words: right, or how much ahead or behind. @param {number | null} ms */
export function skewText(ms) {
  if (ms === null) return t('clock.unknown');
  if (Math.abs(ms) < NOTABLE_MS) return t('clock.right');
  return t(ms > 0 ? 'clock.ahead' : 'clock.behind', { much: muchText(Math.abs(ms)) });
}

/** @param {number} ms */
function muchText(ms) {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 120) return t('clock.minutes', { count: minutes });
  return minutes < 2880 ? t('clock.hours', { count: Math.round(minutes / 60) }) : t('clock.days', { count: Math.round(minutes / 1440) });
}
