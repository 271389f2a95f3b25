/** Addresses of the screens, all behind `#` so that one kept page serves them offline. */

/** @typedef {{name: 'home'} | {name: 'settings'} | {name: 'record', id: string} | {name: 'fill', id: string} | {name: 'sign-in'} | {name: 'trials'} | {name: 'try', id: string} | {name: 'preview'} | {name: 'hub', id: string}} Route */

/** @param {string} hash @returns {Route} */
export function routeOf(hash) {
  const [name, ...rest] = hash.replace(/^#\/?/, '').split('/');
  const id = decodeURIComponent(rest.join('/'));
  if ((name === 'record' || name === 'fill' || name === 'try' || name === 'hub') && id) return { name, id };
  if (name === 'try') return { name: 'trials' };
  return name === 'settings' || name === 'preview' ? { name } : { name: 'home' };
}

/** @param {string} id */
export const recordAddress = (id) => `#/record/${encodeURIComponent(id)}`;

/** @param {string} id */
export const fillAddress = (id) => `#/fill/${encodeURIComponent(id)}`;

/** @param {string} address */
export const hubAddress = (address) => `#/hub/${encodeURIComponent(address)}`;

/** @param {string} form */
export const trialAddress = (form) => `#/try/${encodeURIComponent(form)}`;
