/** Identifiers that are made without a network and sort by time. Source: the ULID specification. */

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

export const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** @param {number} [now] milliseconds since 1970 @returns {string} 26 characters */
export function ulid(now = Date.now()) {
  let time = '';
  for (let rest = now, digit = 0; digit < TIME_DIGITS; digit += 1, rest = Math.floor(rest / 32)) {
    time = DIGITS[rest % 32] + time;
  }
  const random = crypto.getRandomValues(new Uint8Array(RANDOM_DIGITS));
  return time + Array.from(random, (byte) => DIGITS[byte % 32]).join('');
}
