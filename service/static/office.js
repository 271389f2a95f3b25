/** What the office's pages do beyond HTML: rows that open, keys for the queue, and a theme that is remembered. */

const THEME_COOKIE = 'rounds_theme';
const YEAR_SECONDS = 365 * 24 * 3600;

/** @param {string} theme light, dark, sunlight, or empty for the system's */
function wear(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function offerThemes() {
  const choice = /** @type {HTMLSelectElement | null} */ (document.querySelector('[data-theme-choice]'));
  if (!choice) return;
  choice.closest('label')?.removeAttribute('hidden');
  choice.value = document.documentElement.dataset.theme ?? '';
  choice.addEventListener('change', () => {
    document.cookie = `${THEME_COOKIE}=${choice.value}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
    wear(choice.value);
  });
}

/** @param {Event} event */
function rowOf(event) {
  const target = /** @type {Element} */ (event.target);
  return /** @type {HTMLElement | null} */ (target.closest('a, button, input, label') ? null : target.closest('tr[data-href]'));
}

/** @param {MouseEvent} event */
function openByMouse(event) {
  const row = rowOf(event);
  if (row?.dataset.href && !getSelection()?.toString()) location.assign(row.dataset.href);
}

/** @param {string} selector */
function element(selector) {
  return /** @type {HTMLElement | null} */ (document.querySelector(selector));
}

/** Where somebody types, a letter is a letter. @param {Event} event */
function isTyping(event) {
  return event.target instanceof Element && event.target.closest('input:not([type=checkbox], [type=radio]), textarea, select, dialog[open]') !== null;
}

/** @param {Element | null | undefined} row */
function go(row) {
  if (!(row instanceof HTMLElement)) return false;
  row.focus();
  return true;
}

/** @param {HTMLElement} row */
function assign(row) {
  const form = /** @type {HTMLFormElement | null} */ (element('#assign'));
  if (!form || !row.dataset.assign) return false;
  form.action = row.dataset.assign;
  form.submit();
  return true;
}

/** @param {HTMLElement} row */
function pick(row) {
  const box = /** @type {HTMLInputElement | null} */ (row.querySelector('.pick input'));
  box?.click();
  return box !== null;
}

/** @type {Record<string, (row: HTMLElement) => boolean>} What a key does to the row that has the focus. */
const ROW_KEYS = {
  Enter: (row) => { if (row.dataset.href) location.assign(row.dataset.href); return true; },
  ArrowDown: (row) => go(row.nextElementSibling),
  j: (row) => go(row.nextElementSibling),
  ArrowUp: (row) => go(row.previousElementSibling),
  k: (row) => go(row.previousElementSibling),
  a: assign,
  x: pick,
};

/** @type {Record<string, () => boolean>} What a key does wherever the focus is. */
const PAGE_KEYS = {
  j: () => go(element('tr[data-href]')),
  k: () => go(element('tr[data-href]')),
  '/': () => { const first = element('.filter :is(input:not([type=hidden]), select)'); first?.focus(); return first !== null; },
  '?': () => { const help = /** @type {HTMLDialogElement | null} */ (element('#keys')); help?.showModal(); return help !== null; },
};

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  const row = /** @type {HTMLElement | null} */ (event.target instanceof Element ? event.target.closest('tr[data-href]') : null);
  const inRow = row && (rowOf(event) || event.key.length === 1) ? ROW_KEYS[event.key]?.(row) : false;
  if (inRow || PAGE_KEYS[event.key]?.()) event.preventDefault();
}

/** A tick for all, where there is a script to heed it. */
function offerAll() {
  const all = /** @type {HTMLInputElement | null} */ (element('[data-all]'));
  if (!all) return;
  all.hidden = false;
  all.addEventListener('change', () => {
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[name=${all.dataset.all}]`))) box.checked = all.checked;
  });
}

/** “Take all of this” ticks a column at once; without a script it is a link to the page with that column ticked. */
function offerColumns() {
  for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('a[data-column]'))) {
    link.addEventListener('click', (event) => {
      event.preventDefault();
      const stays = /** @type {HTMLInputElement | null} */ (link.closest('th')?.querySelector('[name=survivor]') ?? null);
      if (stays) stays.checked = true;
      for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[type=radio][data-column="${link.dataset.column}"]`))) box.checked = true;
    });
  }
}

offerThemes();
offerAll();
offerColumns();
element('[data-keys]')?.removeAttribute('hidden');
document.addEventListener('click', openByMouse);
document.addEventListener('keydown', onKey);
