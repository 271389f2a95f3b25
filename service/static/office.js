/** What the office's pages do beyond HTML: rows that open, and a theme that is remembered. */

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
  return /** @type {HTMLElement | null} */ (target.closest('a, button, input') ? null : target.closest('tr[data-href]'));
}

/** @param {MouseEvent} event */
function openByMouse(event) {
  const row = rowOf(event);
  if (row?.dataset.href && !getSelection()?.toString()) location.assign(row.dataset.href);
}

/** @param {KeyboardEvent} event */
function openByKey(event) {
  const row = rowOf(event);
  if (!row) return;
  if (event.key === 'Enter' && row.dataset.href) location.assign(row.dataset.href);
  const next = { ArrowDown: row.nextElementSibling, j: row.nextElementSibling, ArrowUp: row.previousElementSibling, k: row.previousElementSibling }[event.key];
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
}

offerThemes();
document.addEventListener('click', openByMouse);
document.addEventListener('keydown', openByKey);
