/**
 * One window of the app at a time: two would overwrite each other's drafts, and one would not know what the other has
 * still to send. The newest window has it; the older one lets go at once and says so.
 */

const LOCK = 'rounds-window';

/**
 * Take the app over from any other window.
 * @param {() => void} lost called when another window has taken it
 * @returns {Promise<void>} once this window has it
 */
export function alone(lost) {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((resolve) => {
    const forEver = () => {
      resolve();
      return new Promise(() => undefined);
    };
    navigator.locks.request(LOCK, { steal: true }, forEver).catch(lost);
  });
}
