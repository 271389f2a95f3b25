/** The time in a form's zone. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/** Making one takes longer than judging a form. @param {string} timeZone */
function formatter(timeZone) {
  const options = /** @type {const} */ ({ timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const found = formatters.get(timeZone) ?? new Intl.DateTimeFormat('en-US', options);
  formatters.set(timeZone, found);
  return found;
}

/** An RFC 3339 time in a zone, to the millisecond, as Python writes it. @param {number} now @param {string} timeZone */
export function localTime(now, timeZone) {
  const parts = Object.fromEntries(formatter(timeZone).formatToParts(now).map(({ type, value }) => [type, value]));
  const local = `${parts.year.padStart(4, '0')}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}`;
  const millisecond = String(((now % 1000) + 1000) % 1000).padStart(3, '0');
  const offset = Math.round((Date.parse(`${local}Z`) - Math.floor(now / 1000) * 1000) / 60_000);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0'));
  return `${local}.${millisecond}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}
