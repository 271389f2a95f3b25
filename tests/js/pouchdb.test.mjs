// An unmodified PouchDB against the embedded store: what every tablet does all day.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

import { EmbeddedStore } from './embedded_store.mjs';

PouchDB.plugin(memory);

const store = new EmbeddedStore();
let requests = [];
let count = 0;

before(() => store.start());
after(() => store.end());

const local = () => new PouchDB(`local-${++count}`, { adapter: 'memory' });

/** A PouchDB that speaks to a database of the store; its requests are noted. */
function remote(name) {
  const noted = (url, options) => {
    const { pathname, searchParams } = new URL(url);
    requests.push({ method: options?.method ?? 'GET', path: pathname.slice(name.length + 1), searchParams });
    return PouchDB.fetch(url, options);
  };
  return new PouchDB(`${store.url}/${name}`, { fetch: noted });
}

/** Requests that read or write documents; checkpoints and feeds do neither. */
const documentRequests = () =>
  requests.filter(({ path }) => /^\/(_bulk_get|_bulk_docs|_all_docs|_revs_diff)$/.test(path) || /^\/[^_]/.test(path));

const ids = async (database) => (await database.allDocs()).rows.map(({ id }) => id);

async function until(holds, what) {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) if (await holds()) return;
  assert.fail(`${what}, not within 10 s`);
}

/** Ends live replications, also those that have ended by themselves: these never say so again ('complete' is an event). */
async function ended(syncs) {
  for (const sync of syncs) sync.cancel();
  await Promise.allSettled(syncs);
}

test('documents travel both ways', async () => {
  const [here, there, office] = [local(), local(), remote('both-ways')];
  await here.bulkDocs(Array.from({ length: 250 }, (_, n) => ({ _id: `here:${String(n).padStart(3, '0')}`, text: '走访', n })));
  await there.bulkDocs([{ _id: 'there:1' }, { _id: 'there:走访', nested: { list: [1, null, true] } }]);
  await there.sync(office);
  const result = await here.sync(office);
  assert.equal(result.push.docs_written, 250);
  assert.equal(result.pull.docs_written, 2);
  await there.sync(office);
  assert.deepEqual(await ids(here), await ids(there));
  assert.deepEqual(await ids(here), await ids(office));
  assert.deepEqual(await there.get('here:249', { revs: true }), await here.get('here:249', { revs: true }));
  assert.deepEqual(await here.get('there:走访'), await there.get('there:走访'));
});

test('what is written arrives while a live sync waits', async () => {
  const [here, there, office] = [local(), local(), remote('live')];
  const syncs = [here, there].map((database) => database.sync(office, { live: true, retry: false }));
  try {
    await until(() => requests.some(({ path, searchParams }) => path === '/_changes' && searchParams.get('feed') === 'longpoll'), 'a longpoll');
    for (let n = 0; n < 5; n += 1) {
      const [from, to] = n % 2 ? [here, there] : [there, here];
      await from.put({ _id: `doc:${n}` });
      await until(async () => (await ids(to)).includes(`doc:${n}`), `doc:${n} on the other side`);
    }
  } finally {
    await ended(syncs);
  }
});

test('a live sync that has failed says so once, so that waiting for its end needs its promise', async () => {
  const broken = (url, options) => (/_revs_diff/.test(url) ? Promise.reject(new Error('cut')) : PouchDB.fetch(url, options));
  const [here, office] = [local(), new PouchDB(`${store.url}/cut`, { fetch: broken })];
  await office.info();
  const sync = here.sync(office, { live: true, retry: false });
  const failed = new Promise((resolve) => { sync.on('error', resolve); });
  await here.put({ _id: 'a' });
  assert.match((await failed).message, /cut/);
  let told = false;
  sync.on('complete', () => { told = true; }).on('error', () => { told = true; });
  await ended([sync]);
  await sleep(300);
  assert.equal(told, false);
});

test('attachments arrive byte for byte', async () => {
  const [here, there, office] = [local(), local(), remote('attachments')];
  const photo = randomBytes(300_000);
  const text = Buffer.from('走访');
  await here.put({ _id: 'media:1', _attachments: { file: { content_type: 'image/jpeg', data: photo }, note: { content_type: 'text/plain', data: text } } });
  await here.replicate.to(office);
  await there.replicate.from(office);
  for (const database of [office, there]) {
    assert(photo.equals(await database.getAttachment('media:1', 'file')));
    assert(text.equals(await database.getAttachment('media:1', 'note')));
    assert.equal((await database.get('media:1'))._attachments.file.content_type, 'image/jpeg');
  }

  // An update that leaves the photo as it is keeps it; one put straight into the store comes back.
  await there.put({ ...(await there.get('media:1')), seen: true });
  await there.replicate.to(office);
  assert(photo.equals(await office.getAttachment('media:1', 'file')));
  const other = randomBytes(300_001);
  await office.putAttachment('media:2', 'file', other, 'image/png');
  await here.replicate.from(office);
  assert(other.equals(await here.getAttachment('media:2', 'file')));
  await office.removeAttachment('media:2', 'file', (await office.get('media:2'))._rev);
  await here.replicate.from(office);
  await assert.rejects(here.getAttachment('media:2', 'file'), { status: 404 });
});

test('conflicts arrive as conflicts, with the same winner everywhere', async () => {
  const [here, there, office] = [local(), local(), remote('conflicts')];
  await here.put({ _id: 'a', n: 0 });
  await here.replicate.to(office);
  await there.replicate.from(office);
  await here.put({ ...(await here.get('a')), n: 1 });
  for (const n of [2, 3]) await there.put({ ...(await there.get('a')), n });
  await Promise.all([here.sync(office), there.sync(office)]);
  await Promise.all([here.sync(office), there.sync(office)]);
  const [mine, theirs, kept] = await Promise.all([here, there, office].map((database) => database.get('a', { conflicts: true })));
  assert.equal(mine.n, 3);
  assert.equal(mine._conflicts.length, 1);
  assert.deepEqual(theirs, mine);
  assert.deepEqual(kept, mine);
  assert.equal((await there.get('a', { rev: theirs._conflicts[0] })).n, 1);

  await there.remove('a', theirs._conflicts[0]);
  await there.sync(office);
  await here.sync(office);
  for (const database of [here, there, office]) {
    assert.equal((await database.get('a', { conflicts: true }))._conflicts, undefined);
    assert.equal((await database.get('a', { open_revs: 'all' })).length, 2);
  }
});

test('deletions arrive', async () => {
  const [here, there, office] = [local(), local(), remote('deletions')];
  await here.bulkDocs([{ _id: 'a' }, { _id: 'b' }]);
  await here.sync(office);
  await there.sync(office);
  await here.remove(await here.get('a'));
  await here.sync(office);
  await there.sync(office);
  for (const database of [there, office]) {
    await assert.rejects(database.get('a'), { status: 404, reason: 'deleted' });
    assert.deepEqual(await ids(database), ['b']);
  }
  await there.put({ _id: 'a', again: true });
  await there.sync(office);
  await here.sync(office);
  assert.equal((await here.get('a')).again, true);
});

test('what the gate refuses is told and does not hold up the rest', async () => {
  const [here, office] = [local(), remote('refusals')];
  await office.info();
  const security = { rounds: { kind: 'mailbox', team: 'north' } };
  await fetch(`${store.url}/refusals/_security`, { method: 'PUT', body: JSON.stringify(security) });
  const receipt = (name) => ({ _id: `receipt:${name}`, type: 'receipt', team: 'north' });
  await here.bulkDocs([receipt('a'), { _id: 'nonsense' }, receipt('b')]);
  const denied = [];
  const result = await here.replicate.to(office).on('denied', (error) => denied.push(error));
  assert.deepEqual([result.docs_written, result.doc_write_failures], [2, 1]);
  assert.deepEqual(denied.map(({ id, name, status }) => [id, name, status]), [['nonsense', 'forbidden', 403]]);
  assert.match(denied[0].message, /record, receipt, task and report/);
  assert.deepEqual(await ids(office), ['receipt:a', 'receipt:b']);
});

test('a selector finds what stands far down the feed', async () => {
  const [here, office] = [local(), remote('selector')];
  await office.bulkDocs(Array.from({ length: 60 }, (_, n) => ({ _id: `doc:${n}`, kind: n % 20 === 19 ? 'rare' : 'common' })));
  await here.replicate.from(office, { selector: { kind: 'rare' }, batch_size: 2 });
  assert.deepEqual(await ids(here), ['doc:19', 'doc:39', 'doc:59']);
  const named = local();
  await named.replicate.from(office, { doc_ids: ['doc:58', 'none'], batch_size: 2 });
  assert.deepEqual(await ids(named), ['doc:58']);
});

test('a sync with nothing new reads no document', async () => {
  const [here, office] = [local(), remote('quiet')];
  await here.bulkDocs(Array.from({ length: 20 }, (_, n) => ({ _id: `doc:${n}` })));
  await here.sync(office);
  await here.sync(office); // what was pushed is looked at once on the way back
  requests = [];
  await here.sync(office);
  assert.deepEqual(documentRequests(), []);
  assert(requests.length <= 12, requests.map(({ method, path }) => `${method} ${path}`).join('\n'));
});

test('checkpoints survive a server that is killed', async () => {
  const [here, office] = [local(), remote('restart')];
  await here.bulkDocs(Array.from({ length: 20 }, (_, n) => ({ _id: `doc:${n}` })));
  await here.sync(office);
  await here.sync(office);
  await store.kill();
  await assert.rejects(here.replicate.to(office));
  await store.start();
  requests = [];
  await here.sync(office);
  assert.deepEqual(documentRequests(), []);
  await here.put({ _id: 'new' });
  const { push, pull } = await here.sync(office);
  assert.deepEqual([push.docs_read, push.docs_written, pull.docs_written], [1, 1, 0]);
  assert.deepEqual(await ids(office), await ids(here));
});
