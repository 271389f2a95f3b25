/** Addresses of the screens, all behind `#` so that one kept page serves them offline. */

/** @typedef {{name: 'home'} | {name: 'settings'} | {name: 'record', id: string} | {name: 'fill', id: string} | {name: 'sign-in'}} Route */

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [name, ...rest] = hash.replace(/^#\/?/, '').split('/');
  const id = decodeURIComponent(rest.join('/'));
  if ((name === 'record' || name === 'fill') && id) return { name, id };
  return name === 'settings' ? { name } : { name: 'home' };
}

/** @param {string} id */
export const recordAddress = (id) => `#/record/${encodeURIComponent(id)}`;

/** @param {string} id */
export const fillAddress = (id) => `#/fill/${encodeURIComponent(id)}`;
