/** A trial: a form that is not published is filled as any other one, and nothing of it outlasts the screen. */
import { Register } from './core/register.js';
import { startingValues } from './defaults.js';
import { entityOf } from './entities.js';
import { ulid } from './core/ulid.js';
import { nameOf } from './pictures.js';

/**
 * @typedef {import('./entities.js').Entity} Entity
 * @typedef {import('./catalogue.js').Lookup} Lookup
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./drafts.js').Draft} Draft
 * @typedef {import('./values.js').Values} Values
 */

/** The entities that a preview brings along, since no database is behind it. @implements {Lookup} */
export class Samples {
  revision = 0;
  /** @type {Map<string, Entity[]>} by kind */
  #kinds;
  /** @type {Map<string, Register>} by kind */
  #registers = new Map();

  /** @param {Record<string, any[]>} given entity documents by kind */
  constructor(given) {
    this.#kinds = new Map(Object.entries(given).map(([kind, docs]) => [kind, docs.map(entityOf)]));
  }

  /** @returns {Form | null} no form is kept here */
  form() {
    return null;
  }

  /** The preview has the files of its form. @param {Form} _form @param {string} name @returns {Promise<string | null>} */
  async file(_form, name) {
    return `/api/v1/preview/files/${encodeURIComponent(name)}`;
  }

  /** @param {string} kind @returns {Promise<Entity[]>} always the same list for a kind */
  entities(kind) {
    if (!this.#kinds.has(kind)) this.#kinds.set(kind, []);
    return Promise.resolve(/** @type {Entity[]} */ (this.#kinds.get(kind)));
  }

  /** @param {string} kind */
  register(kind) {
    const known = this.#registers.get(kind) ?? new Register((this.#kinds.get(kind) ?? []).map(({ row }) => row));
    this.#registers.set(kind, known);
    return known;
  }

  /** @param {string} id */
  entity(id) {
    return this.#kinds.get(id.split(':')[1])?.find((each) => each.id === id);
  }
}

/** Pictures that are held in memory alone. */
export class LoosePictures {
  /** @type {Map<string, string>} addresses by digest */
  #held = new Map();

  /** @param {Blob} blob @returns {Promise<string>} its digest; raises `PictureError` */
  async add(blob) {
    const digest = await nameOf(blob);
    if (!this.#held.has(digest)) this.#held.set(digest, URL.createObjectURL(blob));
    return digest;
  }

  /** @param {string} digest @returns {Promise<string | null>} */
  async address(digest) {
    return this.#held.get(digest) ?? null;
  }

  /** @param {string[]} digests */
  async drop(digests) {
    for (const digest of digests) {
      URL.revokeObjectURL(this.#held.get(digest) ?? '');
      this.#held.delete(digest);
    }
  }

  /** Let go of all. */
  empty() {
    return this.drop([...this.#held.keys()]);
  }
}

/** What a trial is filled at, in the place of a person's desk. @param {Lookup} catalogue @param {LoosePictures} pictures */
export const trialBench = (catalogue, pictures) => ({
  catalogue,
  pictures,
  drafts: { all: () => [], save: async () => undefined, drop: async () => null },
  sittings: { send: () => Promise.reject(new Error('a trial sends nothing')), beginning: () => ({ now: new Date() }) },
});

/** @param {Form} form @param {Values} values @returns {Draft} */
export function trialDraft(form, values) {
  const now = Date.now();
  const about = { form: form.id, version: form.version, team: '', task: null, before: {}, base: [], changes: false };
  return { ...about, record: `record:${form.id}:${ulid()}`, values: startingValues(form, values, { now: new Date(now) }), begun: now, saved: now };
}
