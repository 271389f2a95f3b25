/** The app: who is signed in, what is open, and drawing the screen anew when something has changed. */
import { html, render } from '../vendor/lit.js';
import { Catalogue } from './catalogue.js';
import { Contact } from './contact.js';
import { destroyLocal } from './db.js';
import { Drafts } from './drafts.js';
import { FirstLoad, marksOf } from './first_load.js';
import { Outbox } from './outbox.js';
import { Pictures } from './pictures.js';
import { loadPlace } from './place.js';
import { Proof } from './proof.js';
import { Records } from './records.js';
import { DeviceReport } from './report.js';
import { routeOf } from './routes.js';
import { Session } from './session.js';
import { Sittings } from './sittings.js';
import { Sync } from './sync.js';
import { Toasts } from './toasts.js';
import { Unsent } from './unsent.js';
import { eraseMarked } from './leaving.js';
import { forgetAll, keep, read } from './vault.js';
import { elsewhere } from './screens/elsewhere.js';
import { Loading } from './screens/loading.js';
import { VERSION } from './version.js';

/**
 * @typedef {object} Desk everything of the person who is signed in
 * @property {import('./session.js').Profile} profile
 * @property {Unsent} unsent @property {Sync} sync @property {Catalogue} catalogue @property {Records} records
 * @property {Drafts} drafts @property {Pictures} pictures @property {Sittings} sittings
 * @property {DeviceReport} report
 * @typedef {object} Screen
 * @property {() => unknown} render
 * @property {() => void} [leave]
 */

const TICK_MS = 20_000;

export class App {
  session = new Session();
  contact = new Contact();
  toasts = new Toasts(() => this.update());
  /** @type {Desk | null} */
  desk = null;
  /** A newer version of the app is kept and waits. @type {ServiceWorker | null} */
  newer = null;
  /** Under way before the desk can be opened. @type {FirstLoad | null} */
  loading = null;
  /** @type {Screen | null} */
  #screen = null;
  #hash = '';
  #retired = false;
  #drawing = false;

  /** @param {HTMLElement} root @param {(app: App, route: import('./routes.js').Route) => Promise<Screen>} screenFor */
  constructor(root, screenFor) {
    this.root = root;
    this.screenFor = screenFor;
  }

  /** Begin where the person left off. */
  async start() {
    await loadPlace();
    await this.session.restore();
    await this.contact.load();
    await eraseMarked(this);
    await this.open();
    addEventListener('hashchange', () => this.show());
    this.session.addEventListener('change', () => this.#followTeams().catch(console.error));
    setInterval(() => this.update(), TICK_MS);
    await this.show();
  }

  /** Open the desk of the person of the profile, and begin to sync. */
  async open() {
    const { profile } = this.session;
    if (!profile) return;
    const unsent = new Unsent(profile.user.name);
    const sync = new Sync(this.session, profile, unsent, this.contact);
    await this.#load(sync);
    if (this.#retired) return void sync.stop();
    const catalogue = new Catalogue(sync.local(profile.databases.reference));
    const outbox = new Outbox(profile.user.name);
    const records = new Records(sync, catalogue, outbox);
    const drafts = new Drafts(profile.user.name);
    const pictures = new Pictures(profile.user.name, sync);
    const sittings = new Sittings({ session: this.session, sync, drafts, records, pictures, outbox });
    const parts = { unsent, sync, catalogue, records, drafts, pictures, sittings };
    for (const part of [unsent, outbox, drafts, catalogue, records]) await part.load();
    for (const part of [unsent, drafts, catalogue, records, sync]) part.addEventListener('change', () => this.update());
    const report = new DeviceReport(sync, drafts);
    this.desk = { profile, ...parts, report };
    sync.start(new Proof({ sync, catalogue, records, outbox }));
    report.start();
    await this.#offerAfterUpdate(sync);
    catalogue.warm().catch((error) => this.desk && console.error(error));
  }

  /** The person is in other teams than before: open what is theirs now, and go on at the same place. */
  async #followTeams() {
    const { desk, session } = this;
    this.update();
    if (!desk || !session.profile || same(desk.profile.databases, session.profile.databases)) return;
    await this.close();
    await this.open();
    await this.show();
  }

  /** On a first sign-in, fetch everything in one go while a screen of its own tells how far it is. @param {Sync} sync */
  async #load(sync) {
    const load = new FirstLoad(sync);
    if (!(await load.prepare())) return;
    load.addEventListener('change', () => this.update());
    this.loading = load;
    this.#screen = new Loading(load);
    this.update();
    await load.run().finally(() => {
      this.loading = null;
    });
  }

  /** What was refused may be taken once the app is a newer one. @param {Sync} sync */
  async #offerAfterUpdate(sync) {
    if ((await read('settings', 'version')) === VERSION) return;
    await keep('settings', 'version', VERSION);
    sync.offerAgain().catch(() => undefined);
  }

  /** The tablet syncs with another place: begin anew there, with everything that is here. */
  async moved() {
    await this.session.moved();
    location.hash = '#/';
    location.reload();
  }

  /** Close the desk. */
  async close() {
    const { desk } = this;
    this.desk = null;
    desk?.catalogue.close();
    desk?.records.close();
    desk?.report.stop();
    await desk?.sync.stop();
  }

  /** Remove all that this person has on this tablet but the key. @param {import('./session.js').Profile} profile */
  async erase(profile) {
    const { name } = profile.user;
    const { reference, mailboxes, media } = profile.databases;
    for (const database of [reference, ...mailboxes, ...media]) await destroyLocal(name, database);
    for (const store of /** @type {const} */ (['pending', 'refused', 'outbox', 'drafts', 'pictures'])) await forgetAll(store, `${name}/`);
    await forgetAll('settings', marksOf(name));
  }

  /** Another window has taken over: let go of everything, and say so. */
  async retire() {
    this.#retired = true;
    this.loading?.skip();
    this.#screen?.leave?.();
    this.#screen = elsewhere;
    await this.close();
    this.draw();
  }

  /** Go to another screen. @param {string} hash such as `#/settings` @param {{replace?: boolean}} [options] */
  go(hash, { replace = false } = {}) {
    if (replace) {
      history.replaceState(null, '', hash);
      this.show();
    } else location.hash = hash;
  }

  /** Show the screen of the address. */
  async show() {
    if (this.#retired || this.loading) return this.update();
    const wanted = routeOf(location.hash);
    // A preview belongs to whoever serves it on their own machine; nobody is signed in there.
    const route = this.session.profile || wanted.name === 'preview' ? wanted : { name: 'sign-in' };
    this.#screen?.leave?.();
    this.#screen = await this.screenFor(this, /** @type {import('./routes.js').Route} */ (route));
    if (this.#hash !== location.hash) scrollTo(0, 0);
    this.#hash = location.hash;
    this.draw();
  }

  /** Draw soon; many changes make one drawing. */
  update() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.draw();
    });
  }

  /** Draw now. */
  draw() {
    render(html`${this.#screen?.render()}${this.toasts.render()}`, this.root);
  }
}

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
