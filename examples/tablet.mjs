/**
 * A tablet without a screen: the tablet app's own core modules and an unmodified PouchDB 9, in Node.
 *
 * It signs in, makes its own key, keeps its databases on disk, fills records while "offline" (it simply does not
 * replicate), and replicates when told to. Every network step is tried again until it works or its time is over,
 * as a tablet in the field does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { sha256 } from '../service/tablet/app/core/canonical.js';
import { Clock } from '../service/tablet/app/core/clock.js';
import { parseForm } from '../service/tablet/app/core/form.js';
import { union } from '../service/tablet/app/core/edits.js';
import { fold } from '../service/tablet/app/core/merge.js';
import { diff, newEdit, newRecord, withEdit } from '../service/tablet/app/core/record.js';
import { deviceId, generateKeys, publicJwk, signEdit } from '../service/tablet/app/core/signature.js';
import { ulid } from '../service/tablet/app/core/ulid.js';

const PouchDB = createRequire(new URL('../tests/package.json', import.meta.url))('pouchdb');
const APP = 'example';

/** An answer from the service that is not a success: `status`, and the body's `error`, `reason`, `details`. */
export class Refusal extends Error {
  constructor(status, body) {
    super(`${status} ${body.error}: ${body.reason}`);
    this.status = status;
    this.body = body;
  }
}

/** One request to the API; raises `Refusal` for 4xx and an ordinary error where it should be tried again. */
export async function call(url, { token, method = 'GET', json } = {}) {
  const headers = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (json !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(url, { method, headers, body: json === undefined ? undefined : JSON.stringify(json) });
  const body = await response.json();
  if (response.ok) return body;
  if (response.status >= 500) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  throw new Refusal(response.status, body);
}

const ATTEMPT_MS = 15_000;

// PouchDB leaves some of its requests that the network cuts off to nobody. The replication that they belong to fails too,
// and is tried again.
process.on('unhandledRejection', (error) => {
  if (error?.name !== 'FetchError' && error?.name !== 'AbortError') throw error;
});

/** A replication whose connection was cut does not always say so: what takes too long counts as failed. */
async function inTime(what) {
  const clock = new AbortController();
  const late = sleep(ATTEMPT_MS, null, { signal: clock.signal }).then(() => { throw new Error('no answer'); });
  try {
    return await Promise.race([what(), late]);
  } finally {
    clock.abort();
    late.catch(() => undefined);
  }
}

/** Try until it works; a `Refusal` is final. */
export async function patiently(what, { seconds = 60, pause = 200 } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await inTime(what);
    } catch (error) {
      if (error instanceof Refusal || Date.now() > end) throw error;
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}

/** Wait until `probe` gives something truthy. */
export async function until(probe, why, { seconds = 60 } = {}) {
  return patiently(async () => {
    const found = await probe();
    if (!found) throw new Error(`still waiting: ${why}`);
    return found;
  }, { seconds });
}

export class Tablet {
  /** Sign in with name and password, registering a key made on the spot. */
  static async signIn(url, name, password) {
    const tablet = new Tablet();
    tablet.url = url;
    tablet.name = name;
    tablet.keys = await generateKeys();
    const jwk = await publicJwk(tablet.keys);
    tablet.device = await deviceId(jwk);
    tablet.clock = new Clock(tablet.device);
    const json = { name, password, device: { public_key: jwk, label: `${name} (example)` } };
    tablet.session = await patiently(() => call(`${url}/api/v1/session`, { method: 'POST', json }));
    tablet.team = tablet.session.user.teams[0];
    tablet.folder = mkdtempSync(join(tmpdir(), 'rounds-tablet-'));
    for (const database of ['reference', `mailbox-${tablet.team}`, `media-${tablet.team}`]) {
      const db = new PouchDB(join(tablet.folder, database));
      tablet[database.split('-')[0]] = db;
    }
    return tablet;
  }

  /** A database of the service, as PouchDB sees it with this tablet's token. */
  remote(database) {
    const token = this.session.token;
    return new PouchDB(`${this.url}/db/${database}`, {
      skip_setup: true,
      fetch: (url, options) => {
        options.headers.set('authorization', `Bearer ${token}`);
        return PouchDB.fetch(url, options);
      },
    });
  }

  /** Fetch forms, entities and tasks. */
  async pull() {
    await patiently(() => this.reference.replicate.from(this.remote('reference')));
    await patiently(() => this.mailbox.replicate.from(this.remote(`mailbox-${this.team}`)));
  }

  /** Back on the network: send text, then pictures, then fetch. Returns the documents that were refused. */
  async sync() {
    const refused = [];
    const send = async (local, database) => {
      const handle = local.replicate.to(this.remote(database));
      handle.on('denied', (denied) => refused.push(denied.doc ?? denied));
      const result = await handle;
      if (!result.ok) throw new Error(JSON.stringify(result.errors));
    };
    await patiently(() => send(this.mailbox, `mailbox-${this.team}`));
    await patiently(() => send(this.media, `media-${this.team}`));
    await this.pull();
    return refused;
  }

  /** The newest published version of a form on this tablet. */
  async form(id) {
    const { rows } = await this.reference.allDocs({ startkey: `form:${id}:`, endkey: `form:${id}:\ufff0`, include_docs: true });
    const docs = rows.map((row) => row.doc).sort((a, b) => b.version - a.version);
    if (!docs.length) throw new Error(`${this.name} has no form ${id}`);
    return parseForm(docs[0].definition);
  }

  /** Documents of one type in the mailbox. */
  async documents(type) {
    const { rows } = await this.mailbox.allDocs({ startkey: `${type}:`, endkey: `${type}:\ufff0`, include_docs: true, conflicts: true });
    return rows.map((row) => row.doc);
  }

  /** Fill a new record and send it off to the local database; returns its id. */
  async fill(formId, answers, { task } = {}) {
    const form = await this.form(formId);
    const record = newRecord({ id: `record:${formId}:${ulid()}`, form, team: this.team, task });
    return this.#write(record, form, { ...answers }, 'submitted');
  }

  /** Change some answers of a record that is here; `change` gets the answers and returns new ones. */
  async edit(recordId, change, note = null) {
    const record = await this.mailbox.get(recordId, { conflicts: true });
    const form = await this.form(record.form);
    return this.#write(record, form, change(structuredClone(record.answers)), null, note);
  }

  async #write(record, form, after, state, note = null) {
    const folded = fold(record.edits, form);
    const { set, unset } = diff(folded.values, after, form);
    if (state && folded.state !== state) set['/_state'] = state;
    const edit = newEdit(folded, {
      set, unset, note, by: this.name, device: this.device, app: APP, version: form.version,
      at: this.clock.tick(Date.now()),
    });
    const signed = await signEdit(record._id, edit, this.keys.privateKey);
    await this.mailbox.put(withEdit(record, signed, form));
    return record._id;
  }

  /** Keep a picture; returns the digest that an answer holds. */
  async photograph(bytes, contentType = 'image/jpeg') {
    const digest = await sha256(bytes);
    await this.media.put({
      _id: `media:${digest}`, type: 'media', team: this.team, content_type: contentType, length: bytes.length,
      device: this.device,
      _attachments: { file: { content_type: contentType, data: Buffer.from(bytes).toString('base64') } },
    });
    return digest;
  }

  /** Every edit of a record that this tablet holds in any leaf. */
  async edits(recordId) {
    const leaves = await this.mailbox.get(recordId, { open_revs: 'all' });
    return union(...leaves.filter((leaf) => leaf.ok).map((leaf) => leaf.ok.edits));
  }

  async receipt(recordId) {
    return this.mailbox.get(`receipt:${recordId}:office`).catch(() => null);
  }

  async close() {
    await Promise.all([this.reference, this.mailbox, this.media].map((db) => db.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
