/**
 * Signing out: what has been sent is removed from the tablet, what has not stays for the next sign-in of that person.
 *
 * Removal waits until the note that offers to undo it has gone, and is made up for at the next start.
 */
import { forget, keep, read } from './vault.js';
import { stillHere } from './parts/bar.js';
import { t } from './i18n.js';

/**
 * @typedef {import('./app.js').App} App
 * @typedef {import('./session.js').Profile} Profile
 */

const MARK = 'erase';

/** Nothing of this person exists here alone. @param {import('./app.js').Desk} desk */
export function allSent(desk) {
  const { records, files } = stillHere(desk);
  return records + files + desk.drafts.all().length === 0;
}

/** @param {App} app */
export async function leave(app) {
  const { desk } = app;
  if (!desk) return;
  const erase = allSent(desk);
  const { profile } = desk;
  await app.close();
  await app.session.signOut();
  if (erase) await keep('settings', MARK, profile);
  app.go('#/', { replace: true });
  app.toasts.say(t(erase ? 'leave.done' : 'leave.kept'), {
    action: t('undo'),
    act: () => void comeBack(app, profile),
    gone: () => void eraseMarked(app).catch(console.error),
  });
}

/** @param {App} app @param {Profile} profile */
async function comeBack(app, profile) {
  await forget('settings', MARK);
  await app.session.comeBack(profile);
  await app.open();
  app.go('#/', { replace: true });
}

/** Somebody has signed in: nothing of theirs may be removed any more. @param {App} app @param {Profile} profile */
export async function arrived(app, profile) {
  const marked = await read('settings', MARK);
  if (marked?.user.name === profile.user.name) await forget('settings', MARK);
  else await eraseMarked(app);
  await navigator.storage?.persist?.();
}

/** Remove what a sign-out has marked. @param {App} app */
export async function eraseMarked(app) {
  const marked = await read('settings', MARK);
  if (!marked || app.session.profile?.user.name === marked.user.name) return;
  await app.erase(marked);
  await forget('settings', MARK);
}
