// An unmodified PouchDB against the embedded store, live in both directions: attachments of every size.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

import { EmbeddedStore } from './embedded_store.mjs';

PouchDB.plugin(memory);

const KB = 1024;
const SIZES = [0, 1, 64 * KB - 1, 64 * KB, 64 * KB + 1, KB * KB, 50 * KB * KB];

const store = new EmbeddedStore();
before(() => store.start());
after(() => store.end());

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What an attachment is on the other side, as soon as it is there. */
async function arrived(database, id) {
  for (const end = Date.now() + 90_000; Date.now() < end; await sleep(50)) {
    const found = await database.getAttachment(id, 'file').catch((error) => { if (error.status !== 404) throw error; });
    if (found) return found;
  }
  return assert.fail(`${id} did not arrive within 90 s`);
}

for (const size of SIZES) {
  test(`an attachment of ${size} bytes travels live, there and back`, async () => {
    const [here, there] = ['here', 'there'].map((name) => new PouchDB(`${name}-${size}`, { adapter: 'memory' }));
    const office = new PouchDB(`${store.url}/attachments-${size}`);
    await office.info();
    const syncs = [here, there].map((database) => database.sync(office, { live: true, retry: true }));
    try {
      for (const [from, to, id] of [[here, there, 'media:out'], [there, here, 'media:back']]) {
        const bytes = randomBytes(size);
        await from.put({ _id: id, _attachments: { file: { content_type: 'image/jpeg', data: bytes } } });
        const found = await arrived(to, id);
        assert.equal(found.length, size);
        assert.equal(digest(found), digest(bytes));
        assert.equal((await office.get(id))._attachments.file.digest, (await to.get(id))._attachments.file.digest);
      }
    } finally {
      for (const sync of syncs) sync.cancel();
      await Promise.allSettled(syncs);
      await Promise.all([here.destroy(), there.destroy()]);
    }
  });
}
