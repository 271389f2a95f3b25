/** Dates, times, sizes as people read them in the language of the screen. */
import { language, t } from './i18n.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['日', '一', '二', '三', '四', '五', '六'];
const DAYS_EN = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** @param {number} n */
const two = (n) => String(n).padStart(2, '0');

/** `YYYY-MM-DD` of a moment in this tablet's zone. @param {Date} moment */
export const isoDate = (moment) => `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;

/** 2026年11月23日, or 23 Nov 2026; what is no date is shown as it is. @param {string} iso */
export function showDate(iso) {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(iso);
  if (!match) return iso;
  const [year, month, day] = match.slice(1).map(Number);
  return language() === 'en' ? `${day} ${MONTHS[month - 1]} ${year}` : `${year}年${month}月${day}日`;
}

/** 2026年11月, or Nov 2026. @param {string} iso */
export function showMonth(iso) {
  const match = /^(\d{4})-(\d\d)-/.exec(iso);
  if (!match) return iso;
  return language() === 'en' ? `${MONTHS[Number(match[2]) - 1]} ${match[1]}` : `${match[1]}年${Number(match[2])}月`;
}

/** A date that is near: today, tomorrow, yesterday, without the year where it is this one. @param {string} iso @param {Date} [now] */
export function showDay(iso, now = new Date()) {
  const days = Math.round((Date.parse(iso) - Date.parse(isoDate(now))) / 86_400_000);
  if (days === 0) return t('day.today');
  if (days === 1) return t('day.tomorrow');
  if (days === -1) return t('day.yesterday');
  return iso.slice(0, 4) === isoDate(now).slice(0, 4) ? showDate(iso).replace(/^\d{4}年| \d{4}$/, '') : showDate(iso);
}

/** The day of the week. @param {string} iso */
export function showWeekday(iso) {
  const day = new Date(`${iso}T12:00`).getDay();
  if (Number.isNaN(day)) return '';
  if (language() === 'en') return DAYS_EN[day];
  return `星期${DAYS[day]}`;
}

/** @param {Date | number} moment */
export function showTime(moment) {
  const at = new Date(moment);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** As short as tells it apart: the time today, month and day this year, else the whole date. @param {Date | number} moment @param {Date} [now] */
export function showShort(moment, now = new Date()) {
  const at = new Date(moment);
  if (isoDate(at) === isoDate(now)) return showTime(at);
  if (at.getFullYear() !== now.getFullYear()) return showDate(isoDate(at));
  return language() === 'en' ? `${at.getDate()} ${MONTHS[at.getMonth()]}` : `${at.getMonth() + 1}月${at.getDate()}日`;
}

/** Date and time. @param {Date | number} moment */
export const showMoment = (moment) => `${showDate(isoDate(new Date(moment)))} ${showTime(moment)}`;

/** How long ago. @param {number} then ms @param {number} [now] */
export function showAgo(then, now = Date.now()) {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return t('ago.now');
  if (minutes < 60) return t('ago.minutes', { count: minutes });
  if (minutes < 24 * 60) return t('ago.hours', { count: Math.floor(minutes / 60) });
  return t('ago.at', { when: showShort(then, new Date(now)) });
}

/** @param {number} bytes */
export function showBytes(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** The moment that a clock reading begins with. @param {string} at */
export const momentOf = (at) => Date.parse(at.split('/')[0]);
