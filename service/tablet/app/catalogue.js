/** Forms and entities of the reference database, as this tablet has them. */
import { attachment, documents } from './db.js';
import { lookedUp, offered, parseForm } from './core/form.js';
import { Entities } from './entities.js';
import { t } from './i18n.js';

/**
 * @typedef {import('./db.js').Database} Database
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./entities.js').Entity} Entity
 * @typedef {Pick<Catalogue, 'form' | 'file' | 'entities' | 'register' | 'entity' | 'revision'>} Lookup what filling and reading a form asks of it
 */

const GATHER_MS = 300;

export class Catalogue extends EventTarget {
  /** Another number whenever something in it is another. */
  revision = 0;
  /** @type {Map<string, Doc>} by `form:version` */
  #definitions = new Map();
  /** @type {Map<string, Form>} */
  #parsed = new Map();
  /** @type {Map<string, string>} names of people by the name they sign in with */
  #people = new Map();
  /** @type {Set<string>} devices that speak for everybody at the office */
  #offices = new Set();
  /** @type {Entities} */
  #entities;
  /** Addresses of what forms show, by digest. @type {Map<string, string>} */
  #files = new Map();
  /** @type {Set<string>} */
  #changes = new Set();
  /** @type {{cancel(): void} | null} */
  #feed = null;

  /** @param {Database} db */
  constructor(db) {
    super();
    this.db = db;
    this.#entities = new Entities(db, () => this.#tell());
  }

  /** Read the forms, and follow what replication brings. */
  async load() {
    await Promise.all([this.#readForms(), this.#readPeople()]);
    this.#feed = this.db.changes({ since: 'now', live: true }).on('change', ({ id }) => this.#changed(id));
  }

  close() {
    this.#feed?.cancel();
    this.#feed = null;
  }

  async #readForms() {
    for (const doc of await documents(this.db, 'form:')) this.#definitions.set(`${doc.form}:${doc.version}`, doc);
  }

  async #readPeople() {
    for (const { device, user, users, display_name } of await documents(this.db, 'device:')) {
      if (display_name) this.#people.set(user, display_name);
      if (users?.includes('*')) this.#offices.add(device);
    }
  }

  /** What the author of an edit is called, as far as this tablet knows. @param {{by: string, device: string}} edit */
  author({ by, device }) {
    return this.#people.get(by) ?? (this.#offices.has(device) ? t('person.office') : by);
  }

  /** The newest version of every form. @returns {Form[]} */
  newest() {
    /** @type {Map<string, Doc>} */
    const latest = new Map();
    for (const doc of this.#definitions.values()) {
      if (doc.version > (latest.get(doc.form)?.version ?? 0)) latest.set(doc.form, doc);
    }
    return [...latest.values()].map((doc) => /** @type {Form} */ (this.form(doc.form, doc.version)));
  }

  /** A form in one version, or null where this tablet lacks it. @param {string} id @param {number} version @returns {Form | null} */
  form(id, version) {
    const key = `${id}:${version}`;
    const doc = this.#definitions.get(key);
    if (!doc) return null;
    if (!this.#parsed.has(key)) this.#parsed.set(key, parseForm(doc.definition));
    return /** @type {Form} */ (this.#parsed.get(key));
  }

  /** An address of a file that a form shows; null where it was not published, or has not arrived. @param {Form} form @param {string} name @returns {Promise<string | null>} */
  async file(form, name) {
    const digest = this.#definitions.get(`${form.id}:${form.version}`)?.files?.[name];
    if (!digest) return null;
    const blob = this.#files.has(digest) ? null : await attachment(this.db, `file:${digest}`);
    if (blob && !this.#files.has(digest)) this.#files.set(digest, URL.createObjectURL(blob));
    return this.#files.get(digest) ?? null;
  }

  /** A form's newest version, or null. @param {string} id */
  current(id) {
    return this.newest().find((form) => form.id === id) ?? null;
  }

  /** All entities of a kind that are in use, in the order of their ids. @param {string} kind @returns {Promise<Entity[]>} */
  entities(kind) {
    return this.#entities.used(kind);
  }

  /** What lookups see of all entities of a kind, as far as they have been read. @param {string} kind */
  register(kind) {
    return this.#entities.register(kind);
  }

  /** An entity that has been read; undefined while it has not (asking makes it so). @param {string} id @returns {Entity | undefined} */
  entity(id) {
    return this.#entities.named(id);
  }

  /** Read what the forms choose among, kind by kind, before somebody waits for it. */
  async warm() {
    const kinds = new Set(this.newest().flatMap((form) => [...lookedUp(form), ...offered(form)]));
    for (const kind of kinds) if (this.#feed) await this.entities(kind);
  }

  /** Thousands of changes may come at once: they are taken together. @param {string} id */
  #changed(id) {
    if (!this.#changes.size) setTimeout(() => this.#takeChanges().catch(console.error), GATHER_MS);
    this.#changes.add(id);
  }

  async #takeChanges() {
    const ids = [...this.#changes];
    this.#changes.clear();
    await this.#entities.take(ids);
    if (ids.some((id) => id.startsWith('form:'))) await this.#readForms();
    if (ids.some((id) => id.startsWith('device:'))) await this.#readPeople();
    this.#tell();
  }

  #tell() {
    this.revision += 1;
    this.dispatchEvent(new Event('change'));
  }
}
