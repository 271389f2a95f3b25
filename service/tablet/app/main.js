/** Start: language and theme, the kept copy of the app, then the screen where the person left off. */
import { alone } from './alone.js';
import { App } from './app.js';
import { loadCatalogues } from './i18n.js';
import { loadPreferences } from './preferences.js';
import { routeOf } from './routes.js';
import { screenFor } from './screens/index.js';

const WORKER = new URL('../../sw.js', import.meta.url);

/** Keep the app on this tablet, and say when a newer version waits. @param {App} app */
async function keepOffline(app) {
  if (!('serviceWorker' in navigator)) return;
  const registration = await navigator.serviceWorker.register(WORKER, { scope: './', updateViaCache: 'none' });
  const waits = () => {
    app.newer = navigator.serviceWorker.controller ? registration.waiting : null;
    app.update();
  };
  waits();
  registration.addEventListener('updatefound', () => {
    registration.installing?.addEventListener('statechange', waits);
  });
}

async function start() {
  const [, root] = [await Promise.all([loadCatalogues(), loadPreferences()]), document.getElementById('app')];
  const app = new App(/** @type {HTMLElement} */ (root), screenFor);
  await alone(() => void app.retire());
  await app.start();
  if (routeOf(location.hash).name !== 'preview') await keepOffline(app);
}

start().catch((error) => {
  console.error(error);
  const notice = document.createElement('p');
  notice.className = 'failure';
  notice.textContent = `巡访未能启动，请重新打开。 Rounds could not start; please open it again. (${error.message})`;
  document.getElementById('app')?.replaceChildren(notice);
});
