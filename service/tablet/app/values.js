/**
 * Nested values by path: `/survey/workers`, `/problems/<row ULID>/status`. Nothing is changed in place.
 */

/** @typedef {Record<string, any>} Values */
/** @typedef {{_row: string, [name: string]: any}} Row */

/** @param {string} path */
const steps = (path) => path.split('/').slice(1);

/** @param {any} node @param {string} step */
const child = (node, step) => (Array.isArray(node) ? node.find((row) => row._row === step) : node?.[step]);

/** The value at `path`, or undefined. @param {Values} values @param {string} path @returns {any} */
export const valueAt = (values, path) => steps(path).reduce(child, values);

/** `values` with `value` at `path`; undefined removes it. @param {Values} values @param {string} path @param {unknown} value @returns {Values} */
export const withValue = (values, path, value) => /** @type {Values} */ (placed(values, steps(path), value));

/** @param {any} node @param {string[]} path @param {unknown} value @returns {any} */
function placed(node, [step, ...rest], value) {
  const next = rest.length ? placed(child(node, step) ?? {}, rest, value) : value;
  if (Array.isArray(node)) return node.map((row) => (row._row === step ? next : row));
  const { [step]: _old, ...others } = node ?? {};
  return next === undefined ? others : { ...others, [step]: next };
}

/** @param {Values} values @param {string} path of the repeat @returns {Row[]} */
export const rowsAt = (values, path) => valueAt(values, path) ?? [];

/** With a row added at the end, or put back where its ULID belongs. @param {Values} values @param {string} path @param {Row} row */
export function withRow(values, path, row) {
  const rows = [...rowsAt(values, path), row].sort((a, b) => (a._row < b._row ? -1 : 1));
  return withValue(values, path, rows);
}

/** @param {Values} values @param {string} path @param {string} id of the row */
export function withoutRow(values, path, id) {
  const rows = rowsAt(values, path).filter((row) => row._row !== id);
  return withValue(values, path, rows.length ? rows : undefined);
}

/** Nothing was entered. @param {unknown} value */
export const isEmpty = (value) => value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
