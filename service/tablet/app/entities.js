/** Entities, read kind by kind when one is first asked for, and then kept up: what changes is read, and nothing else. */
import { Register } from './core/register.js';

/**
 * @typedef {import('../vendor/pouchdb.js').default} Database
 * @typedef {import('../vendor/pouchdb.js').Doc} Doc
 * @typedef {{id: string, name: string, names?: Record<string, string>, searched: string, row: Record<string, any>}} Entity `row`: what
 *   lookups see of it
 */

/** Documents that are read at once: between two pages the screen answers. */
const PAGE = 1000;
const NOTHING = new Register([]);

/** All entities of one kind at one moment. */
class Kind {
  /** @param {readonly Entity[]} all in the order of their ids */
  constructor(all) {
    this.all = all;
    this.used = all.filter(({ row }) => row.active !== false);
    this.register = new Register(all.map(({ row }) => row));
  }

  /** The kind after these have changed. @param {ReadonlyMap<string, Entity | null>} changed by id; null where one is gone */
  after(changed) {
    const fresh = [...changed.values()].filter((entity) => entity !== null);
    return new Kind([...this.all.filter(({ id }) => !changed.has(id)), ...fresh].sort(byId));
  }
}

export class Entities {
  /** What is read, or being read. @type {Map<string, Promise<Kind>>} */
  #reading = new Map();
  /** @type {Map<string, Kind>} */
  #kinds = new Map();
  /** @type {Map<string, Entity>} by document id */
  #known = new Map();

  /** @param {Pick<Database, 'allDocs'>} db @param {() => void} tell called when a kind has been read for the first time */
  constructor(db, tell) {
    this.db = db;
    this.tell = tell;
  }

  /** All of a kind that are in use, in the order of their ids; the same array until one of them changes. @param {string} kind @returns {Promise<Entity[]>} */
  async used(kind) {
    return (await this.#read(kind)).used;
  }

  /** What lookups see of all of a kind, as far as they have been read. @param {string} kind */
  register(kind) {
    return this.#kinds.get(kind)?.register ?? NOTHING;
  }

  /** One that has been read; undefined while it has not (asking makes it so). @param {string} id @returns {Entity | undefined} */
  named(id) {
    const kind = kindOf(id);
    if (kind !== null && !this.#reading.has(kind)) this.#read(kind).catch(console.error);
    return this.#known.get(id);
  }

  /** Follow what has changed, in the kinds that have been read. @param {readonly string[]} ids of any documents */
  async take(ids) {
    /** @type {Map<string, string[]>} */
    const changed = new Map();
    for (const id of ids) {
      const kind = kindOf(id);
      if (kind !== null && this.#reading.has(kind)) changed.set(kind, [...(changed.get(kind) ?? []), id]);
    }
    await Promise.all([...changed].map(([kind, those]) => this.#takeIn(kind, those)));
  }

  /** @param {string} kind @returns {Promise<Kind>} */
  #read(kind) {
    let reading = this.#reading.get(kind);
    if (!reading) {
      reading = this.#readAll(kind);
      this.#reading.set(kind, reading);
      reading.catch(() => this.#reading.delete(kind));
    }
    return reading;
  }

  /** @param {string} kind */
  async #readAll(kind) {
    const all = [];
    for await (const page of pages(this.db, `entity:${kind}:`)) all.push(...page.map(entityOf));
    for (const entity of all) this.#known.set(entity.id, entity);
    const found = new Kind(all);
    this.#kinds.set(kind, found);
    this.tell();
    return found;
  }

  /** One after the other: each is added to what those before it made. @param {string} kind @param {string[]} ids */
  #takeIn(kind, ids) {
    const before = this.#read(kind);
    const taken = before.then(async (held) => {
      const changed = await these(this.db, ids);
      for (const [id, entity] of changed) entity ? this.#known.set(id, entity) : this.#known.delete(id);
      const found = held.after(changed);
      this.#kinds.set(kind, found);
      return found;
    });
    this.#reading.set(kind, taken);
    taken.catch(() => this.#reading.delete(kind));
    return taken;
  }
}

/** @param {string} id @returns {string | null} */
const kindOf = (id) => (id.startsWith('entity:') ? (id.split(':')[1] ?? '') : null);

/** As the database sorts them. @param {Entity} one @param {Entity} other */
const byId = ({ id: one }, { id: other }) => (one < other ? -1 : Number(one > other));

/** @param {Pick<Database, 'allDocs'>} db @param {string} prefix @returns {AsyncGenerator<Doc[]>} */
async function* pages(db, prefix) {
  let from = prefix;
  for (;;) {
    const { rows } = await db.allDocs({ startkey: from, endkey: `${prefix}\ufff0`, include_docs: true, limit: PAGE });
    yield rows.flatMap(({ doc }) => (doc ? [doc] : []));
    if (rows.length < PAGE) return;
    from = `${rows[rows.length - 1].id}\0`;
  }
}

/** @param {Pick<Database, 'allDocs'>} db @param {string[]} ids @returns {Promise<Map<string, Entity | null>>} */
async function these(db, ids) {
  const { rows } = await db.allDocs({ keys: ids, include_docs: true });
  return new Map(rows.map(({ doc }, index) => [ids[index], doc ? entityOf(doc) : null]));
}

/** @param {Doc} doc @returns {Entity} */
export function entityOf(doc) {
  const { _id, name, names, code, town, address } = doc;
  const searched = [name, ...Object.values(names ?? {}), code, town, address].filter(Boolean).join('\n').toLowerCase();
  return { id: _id, name, names, searched, row: { ...doc, label: name, name: _id } };
}

/** The first whose texts hold every word of `query`. @param {Entity[]} entities @param {string} query @param {number} limit @param {ReadonlySet<string>} without ids */
export function search(entities, query, limit, without) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const entity of entities) {
    if (without.has(entity.id) || !words.every((word) => entity.searched.includes(word))) continue;
    found.push(entity);
    if (found.length === limit) break;
  }
  return found;
}
