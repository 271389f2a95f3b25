/**
 * The three languages: what the app itself says, and which text of a form to show.
 *
 * A message may hold `{name}`, and `{count|record|records}` for the languages that tell one from many.
 */

/** @typedef {'zh-Hans' | 'zh-Hant' | 'en'} Language */
/** @typedef {Record<string, string>} Texts a text per language */

export const LANGUAGES = /** @type {const} */ (['zh-Hans', 'zh-Hant', 'en']);

/** @type {Record<string, Record<string, string>>} */
const catalogues = {};
/** What the judge says of a value, in all languages: schemas/messages.json. @type {Record<string, Texts>} */
export const problemMessages = {};
/** @type {Language} */
let current = 'zh-Hans';

/** Load all three, so that switching works without a network. */
export async function loadCatalogues() {
  const load = async (/** @type {string} */ name) => (await fetch(new URL(`./i18n/${name}.json`, import.meta.url))).json();
  const [problems, ...texts] = await Promise.all(['problems', ...LANGUAGES].map(load));
  Object.assign(problemMessages, problems);
  LANGUAGES.forEach((language, index) => (catalogues[language] = texts[index]));
}

/** The language of the screen. */
export const language = () => current;

/** @param {Language} chosen */
export function useLanguage(chosen) {
  current = chosen;
  document.documentElement.lang = chosen;
  document.title = t('app.name');
}

/** The catalogue that serves a browser's language tag; zh-Hans where there is none. @param {readonly string[]} tags @returns {Language} */
export function preferred(tags) {
  for (const tag of tags.map((each) => each.toLowerCase())) {
    if (/^zh-(hant|tw|hk|mo)/.test(tag)) return 'zh-Hant';
    if (tag.startsWith('zh')) return 'zh-Hans';
    if (tag.startsWith('en')) return 'en';
  }
  return 'zh-Hans';
}

/**
 * The sentence `key` in the language of the screen. A key that no catalogue has is shown as it is.
 * @param {string} key @param {Record<string, string | number>} [params]
 */
export function t(key, params = {}) {
  const message = catalogues[current]?.[key];
  return message === undefined ? key : fill(message, params);
}

/** @param {string} message @param {Record<string, string | number>} params */
export function fill(message, params) {
  return message.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
    const value = params[name] ?? '';
    return one === undefined ? String(value) : Number(value) === 1 ? one : many;
  });
}

/** A form's or entity's text in the language of the screen, else the next best. @param {Texts | string | null | undefined} texts @param {string} [fallback] */
export function pick(texts, fallback = '') {
  if (typeof texts === 'string') return texts;
  if (!texts) return fallback;
  return texts[current] ?? (current === 'zh-Hant' ? texts['zh-Hans'] : undefined) ?? texts['zh-Hans'] ?? texts.en ?? Object.values(texts)[0] ?? fallback;
}
