// The laws 23 to 26: for each what an unguarded PouchDB does, and that the tablet's own supervisor gets over it.
// Real PouchDBs, the real embedded store, and between them a proxy that refuses what a test tells it to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

import { wellFormed } from '../../../service/tablet/app/core/canonical.js';
import { inParts } from '../../../service/tablet/app/delivery.js';
import { Supervisor } from '../../../service/tablet/app/supervisor.js';
import { PULL, pushText } from '../../../service/tablet/app/ways.js';
import { EmbeddedStore } from '../embedded_store.mjs';

PouchDB.plugin(memory);

const NAMES = { 400: 'bad_request', 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 413: 'document_too_large' };
const store = new EmbeddedStore();
/** What the proxy refuses: the status, or 0 for nothing. @type {(request: import('node:http').IncomingMessage, body: Buffer) => number} */
let refuse = () => 0;
/** @type {{method: string, path: string, body: Buffer}[]} */
let requests = [];
let count = 0;
let url = '';
const open = new Set();

const proxy = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  requests.push({ method: request.method, path: request.url, body });
  const status = refuse(request, body);
  if (status) {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: NAMES[status], reason: `status ${status}` }));
    return;
  }
  const through = forward(`${store.url}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  through.on('error', () => response.destroy());
  response.on('close', () => through.destroy());
  through.end(body);
});
proxy.on('connection', (socket) => {
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});

before(async () => {
  await store.start();
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  url = `http://127.0.0.1:${proxy.address().port}`;
});
after(async () => {
  proxy.close();
  cut();
  await store.end();
});
beforeEach(() => {
  refuse = () => 0;
  requests = [];
});

/** End every connection, longpolls among them. */
const cut = () => open.forEach((socket) => socket.destroy());
const local = () => new PouchDB(`supervised-${++count}`, { adapter: 'memory' });
const remote = (name) => new PouchDB(`${url}/${name}`, { skip_setup: true });
const create = (name) => fetch(`${store.url}/${name}`, { method: 'PUT' });
const ids = async (db) => (await db.allDocs()).rows.map(({ id }) => id);

async function until(holds, what) {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) if (await holds()) return;
  assert.fail(`${what}, not within 20 s`);
}

/** A supervisor at work on `replicate`; `renewed` counts new tokens, and `onRenew` is what one changes. */
function supervised(replicate, onRenew = () => undefined) {
  const told = { states: [], denied: [], renewed: 0 };
  const supervisor = new Supervisor({
    name: 'test',
    live: true,
    replicate,
    prepare: async () => undefined,
    renew: async () => {
      told.renewed += 1;
      onRenew();
    },
    denied: (failure) => told.denied.push(failure.id),
    changed: () => told.states.push(supervisor.state),
  });
  supervisor.start();
  return Object.assign(told, { supervisor });
}

/** What becomes of PouchDB's own live replication with `retry`: it ended, for good, or it goes on. */
function unguarded(handle) {
  const told = { ended: false, events: [] };
  for (const name of ['paused', 'active', 'denied', 'error', 'complete']) handle.on(name, () => told.events.push(name));
  handle.then(() => (told.ended = true), () => (told.ended = true));
  return told;
}

for (const status of [401, 403]) {
  test(`${status} ends PouchDB's own live replication for good`, async () => {
    await create(`unguarded-${status}`);
    const [here, office] = [local(), remote(`unguarded-${status}`)];
    const handle = here.replicate.from(office, { live: true, retry: true });
    const told = unguarded(handle);
    try {
      await until(() => told.events.includes('paused'), 'caught up');
      refuse = () => status;
      cut();
      await until(() => told.ended, 'the end');
      refuse = () => 0;
      requests = [];
      await office.put({ _id: 'later' });
      assert.deepEqual(await ids(here), []);
      assert.deepEqual(requests.filter(({ path }) => path.includes('_changes')), []);
    } finally {
      handle.cancel();
    }
  });
}

for (const status of [400, 401, 404]) {
  test(`after ${status} from the sign-in a new token is got, and what was missed arrives`, async () => {
    const name = `renewed-${status}`;
    await create(name);
    const [here, office] = [local(), remote(name)];
    const told = supervised(() => here.replicate.from(office, PULL), () => (refuse = () => 0));
    try {
      await until(() => told.supervisor.state === 'idle', 'caught up');
      refuse = () => status;
      cut();
      await until(() => told.renewed > 0, 'a new token');
      await remote(name).put({ _id: 'later' });
      await until(async () => (await ids(here)).includes('later'), 'what was missed');
      assert.equal(told.renewed, 1);
    } finally {
      told.supervisor.stop();
    }
  });
}

test('403 with a new token too is told as such, and tried again when somebody wishes it', async () => {
  await create('forbidden');
  const [here, office] = [local(), remote('forbidden')];
  const told = supervised(() => here.replicate.from(office, PULL));
  try {
    await until(() => told.supervisor.state === 'idle', 'caught up');
    refuse = () => 403;
    cut();
    await until(() => told.supervisor.state === 'forbidden', 'what is wrong');
    refuse = () => 0;
    await office.put({ _id: 'later' });
    told.supervisor.kick();
    await until(async () => (await ids(here)).includes('later'), 'what was missed');
    assert.equal(told.renewed, 1);
  } finally {
    told.supervisor.stop();
  }
});

test("PouchDB's sync says nothing of a database that is missing; the supervisor waits, says so, and goes on", async () => {
  const [here, office] = [local(), remote('missing')];
  const sync = here.sync(office, { live: true, retry: true });
  const silent = unguarded(sync);
  await until(() => requests.some(({ path }) => path.startsWith('/missing')), 'a request');
  await sleep(300);
  assert(!silent.events.includes('error') && !silent.ended);
  sync.cancel();

  const told = supervised(() => here.replicate.from(office, PULL));
  try {
    await until(() => told.supervisor.state === 'waiting', 'what is wrong');
    await create('missing');
    await remote('missing').put({ _id: 'there' });
    told.supervisor.kick();
    await until(async () => (await ids(here)).includes('there'), 'what is there');
  } finally {
    told.supervisor.stop();
  }
});

test('a way that is barred does not hold up the other', async () => {
  await create('ways');
  const [here, office] = [local(), remote('ways')];
  refuse = ({ url: path }) => (path.includes('_bulk_docs') ? 403 : 0);
  const push = supervised(() => here.replicate.to(office, { live: true, retry: false }));
  const pull = supervised(() => here.replicate.from(office, PULL));
  try {
    await here.put({ _id: 'mine' });
    await until(() => push.supervisor.state === 'forbidden', 'the push barred');
    await fetch(`${store.url}/ways/theirs`, { method: 'PUT', body: '{}' });
    await until(async () => (await ids(here)).includes('theirs'), 'what others wrote');
    refuse = () => 0;
    push.supervisor.kick();
    await until(async () => (await ids(office)).includes('mine'), 'what was held up');
  } finally {
    push.supervisor.stop();
    pull.supervisor.stop();
  }
});

const LONE = 'half \ud83d of a smile';
const OFFENDERS = {
  'a lone surrogate': { doc: { _id: 'c', text: LONE }, barred: () => 0 },
  'a document that is too large': { doc: { _id: 'c', text: 'x'.repeat(300_000) }, barred: (_, body) => (body.length > 200_000 ? 413 : 0) },
};

for (const [what, { doc, barred }] of Object.entries(OFFENDERS)) {
  const docs = [{ _id: 'a' }, { _id: 'b' }, doc, { _id: 'd' }];
  const slug = what.replaceAll(' ', '-');

  test(`${what} fails its whole batch`, async () => {
    await create(`batch-${slug}`);
    const [here, office] = [local(), remote(`batch-${slug}`)];
    refuse = barred;
    await here.bulkDocs(structuredClone(docs));
    await assert.rejects(here.replicate.to(office));
    assert.deepEqual(await ids(office), []);
  });

  test(`${what} is set aside, and the others arrive`, async () => {
    await create(`aside-${slug}`);
    const [here, office] = [local(), remote(`aside-${slug}`)];
    refuse = barred;
    inParts(office, () => office.info());
    await here.bulkDocs(structuredClone(docs));
    const told = supervised(() => here.replicate.to(office, { live: true, retry: false }));
    try {
      await until(async () => (await ids(office)).length === 3, 'the others');
      await until(() => told.supervisor.state === 'idle', 'the end of it');
      assert.deepEqual(await ids(office), ['a', 'b', 'd']);
      assert.deepEqual(told.denied, ['c']);
      await here.put({ _id: 'e' });
      await until(async () => (await ids(office)).includes('e'), 'what came after');
    } finally {
      told.supervisor.stop();
    }
  });
}

test('before it is saved, text is made well-formed', async () => {
  await create('well-formed');
  const [here, office] = [local(), remote('well-formed')];
  await here.put(wellFormed({ _id: 'c', [LONE]: [LONE, { text: LONE }] }));
  await here.replicate.to(office);
  const found = await office.get('c');
  assert.deepEqual(found['half \ufffd of a smile'], ['half \ufffd of a smile', { text: 'half \ufffd of a smile' }]);
});

test('a denied document is never sent again by itself, and arrives when it is offered', async () => {
  await create('denied');
  const [here, office] = [local(), remote('denied')];
  const gate = (security) => fetch(`${store.url}/denied/_security`, { method: 'PUT', body: JSON.stringify(security) });
  await gate({ rounds: { kind: 'mailbox', team: 'north' } });
  await here.put({ _id: 'nonsense' });
  const told = supervised(() => here.replicate.to(office, { live: true, retry: false }));
  await until(() => told.denied.length > 0, 'the refusal');
  await until(() => told.supervisor.state === 'idle', 'the end of it');
  told.supervisor.stop();
  await gate({});
  const again = await here.replicate.to(office);
  assert.deepEqual([again.docs_read, await ids(office)], [0, []]);
  const docs = await here.get('nonsense', { open_revs: 'all', revs: true });
  await office.bulkDocs(docs.map(({ ok }) => ok), { new_edits: false });
  assert.deepEqual(await ids(office), ['nonsense']);
});

const record = (name, ...people) => ({ _id: `record:visit:${name}`, type: 'record', edits: people.map((by) => ({ by })) });
const offered = () => requests.filter(({ path }) => path.includes('_revs_diff')).flatMap(({ body }) => Object.keys(JSON.parse(body)));

for (const [how, options, wanted] of [
  ['is offered back without a selector', {}, ['record:visit:both', 'record:visit:mine', 'record:visit:theirs', 'task:1']],
  ['is not offered back with one', { ...pushText('li.wei'), live: false }, ['record:visit:both', 'record:visit:mine']],
]) {
  test(`what a tablet has of others ${how}`, async () => {
    const name = how.split(' ').join('-');
    await create(name);
    const [here, office] = [local(), remote(name)];
    await office.bulkDocs([record('theirs', 'zhang.min'), record('both', 'zhang.min', 'li.wei'), { _id: 'task:1', type: 'task' }]);
    await here.replicate.from(office);
    await here.put(record('mine', 'li.wei'));
    requests = [];
    await here.replicate.to(office, options);
    assert.deepEqual(offered().sort(), wanted);
  });
}

test('a selector does not see a change over which a colleague has won: unsent.js offers it', async () => {
  await create('crossing');
  const [here, office] = [local(), remote('crossing')];
  const begun = record('both', 'zhang.min');
  const { rev } = await office.put(begun);
  await here.replicate.from(office);
  await here.put({ ...record('both', 'zhang.min', 'li.wei'), _rev: rev });
  for (const later of ['1', '2']) {
    await office.put({ ...record('both', 'zhang.min', `colleague ${later}`), _rev: (await office.get(begun._id))._rev });
  }
  await here.replicate.from(office);
  requests = [];
  await here.replicate.to(office, { ...pushText('li.wei'), live: false });
  assert.deepEqual([offered(), (await office.get(begun._id, { conflicts: true }))._conflicts], [[], undefined]);
  const docs = await here.get(begun._id, { open_revs: 'all', revs: true });
  await office.bulkDocs(docs.map(({ ok }) => ok), { new_edits: false });
  assert.equal((await office.get(begun._id, { conflicts: true }))._conflicts.length, 1);
});

test('a supervisor that is held lets go, and goes on from where it was', async () => {
  await create('held');
  const [here, office] = [local(), remote('held')];
  const told = supervised(() => here.replicate.to(office, { live: true, retry: false }));
  try {
    await until(() => told.supervisor.state === 'idle', 'caught up');
    told.supervisor.hold();
    await here.put({ _id: 'waits' });
    await sleep(200);
    assert.deepEqual(await ids(office), []);
    told.supervisor.release();
    await until(async () => (await ids(office)).includes('waits'), 'what waited');
  } finally {
    told.supervisor.stop();
  }
  assert.equal(told.supervisor.state, 'stopped');
});
