/** Language and theme: chosen on this tablet, whoever is signed in. */
import { LANGUAGES, preferred, useLanguage } from './i18n.js';
import { keep, read } from './vault.js';

/** @typedef {'system' | 'light' | 'dark' | 'sunlight'} Theme */

export const THEMES = /** @type {const} */ (['system', 'light', 'dark', 'sunlight']);

/** @type {{language: import('./i18n.js').Language, theme: Theme}} */
export const preferences = { language: 'zh-Hans', theme: 'system' };

/** Take over what was chosen last time; the browser's language the first time. */
export async function loadPreferences() {
  const kept = (await read('settings', 'preferences')) ?? {};
  const language = LANGUAGES.includes(kept.language) ? kept.language : preferred(navigator.languages);
  apply({ language, theme: THEMES.includes(kept.theme) ? kept.theme : 'system' });
}

/** @param {Partial<typeof preferences>} change */
export async function prefer(change) {
  apply({ ...preferences, ...change });
  await keep('settings', 'preferences', { ...preferences });
}

/** @param {typeof preferences} chosen */
function apply(chosen) {
  Object.assign(preferences, chosen);
  useLanguage(chosen.language);
  const { dataset } = document.documentElement;
  if (chosen.theme === 'system') delete dataset.theme;
  else dataset.theme = chosen.theme;
}
