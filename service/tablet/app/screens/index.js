/** Which screen an address shows. */
import { Filler } from './filler.js';
import { Home } from './home.js';
import { HubView } from './hub.js';
import { RecordView } from './record.js';
import { Settings } from './settings.js';
import { SignIn } from './sign_in.js';
import { Trial } from './trial.js';
import { Trials } from './trials.js';

/**
 * @param {import('../app.js').App} app @param {import('../routes.js').Route} route
 * @returns {Promise<import('../app.js').Screen>}
 */
export async function screenFor(app, route) {
  const { desk } = app;
  if (route.name === 'preview') return Trial.preview(app);
  if (!desk || route.name === 'sign-in') return new SignIn(app);
  if (route.name === 'hub') return new HubView(app, desk, route.id);
  if (route.name === 'settings') return new Settings(app, desk);
  if (route.name === 'record') return new RecordView(app, desk, route.id);
  if (route.name === 'trials') return new Trials(app);
  if (route.name === 'try') return Trial.ofDraft(app, desk, route.id);
  if (route.name === 'fill') return Filler.open(app, desk, route.id);
  return new Home(app, desk);
}
