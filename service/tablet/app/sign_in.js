/** What sign-in says when it does not work, and what the office will call this device. */
import { Refusal } from './api.js';
import { t } from './i18n.js';

/** Slugs of the service that the app has a sentence for; the service's own sentence serves for the rest. */
const KNOWN = ['no_network', 'wrong_sign_in', 'too_many_attempts', 'device_revoked', 'not_for_tablet', 'not_a_hub', 'hub_unaware'];

/** @param {unknown} error @returns {string} */
export function refusalText(error) {
  if (!(error instanceof Refusal)) throw error;
  if (KNOWN.includes(error.code)) return t(`refusal.${error.code}`, { minutes: error.details.minutes ?? 15 });
  if (error.status >= 500) return t('refusal.unavailable');
  return error.reason || t('refusal.unavailable');
}

/** Such as "Android · Chrome"; no more than what a browser tells every site. */
export function deviceLabel() {
  const agent = navigator.userAgent;
  const system = /Android|iPad|iPhone|Windows|Mac OS|CrOS|Linux/.exec(agent)?.[0] ?? '';
  const browser = /Edg|Firefox|Chrome|Safari/.exec(agent)?.[0] ?? '';
  return [system, browser].filter(Boolean).join(' · ').slice(0, 80);
}
