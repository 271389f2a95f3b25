// Loading a pack over a connection that breaks, and packs that are not whole.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

import { loadPack, PackError } from '../../../service/tablet/app/packs.js';

PouchDB.plugin(memory);

/** @type {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse, number: number) => void} */
let answer;
let asked = [];
let url = '';
let count = 0;
const server = createServer((request, response) => {
  asked.push(request.headers.range ?? 'whole');
  answer(request, response, asked.length);
});

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}/`;
});
after(() => server.close());
beforeEach(() => {
  asked = [];
});

const local = () => new PouchDB(`pack-${++count}`, { adapter: 'memory' });
const hash = (n) => n.toString(16).padStart(32, '0');
const leaf = (n) => ({ _id: `task:${n}`, _rev: `1-${hash(n)}`, _revisions: { start: 1, ids: [hash(n)] }, text: `${Math.sin(n)}` });
const packOf = (leaves, end = leaves.length) =>
  gzipSync([{ pack: 1, database: 'mailbox-north', since: '7-opaque', documents: leaves.length }, ...leaves, { end: { documents: end, leaves: end } }].map((line) => JSON.stringify(line)).join('\n') + '\n');
const PACK = packOf(Array.from({ length: 1300 }, (_, n) => leaf(n)));

/** Sends `bytes` as the service does, ranges included, and hangs up after `most` of them. */
function serve(request, response, bytes, most = Infinity, etag = '"one"') {
  const begin = request.headers['if-range'] === etag ? Number(/\d+/.exec(request.headers.range)[0]) : 0;
  const rest = bytes.subarray(begin);
  response.writeHead(begin ? 206 : 200, { etag, 'content-length': rest.length });
  if (rest.length <= most) return response.end(rest);
  return response.write(rest.subarray(0, most), () => setTimeout(() => response.destroy(), 30));
}

function load(db, tries = 3) {
  const progress = [];
  const pause = async (failures) => {
    if (failures > tries) throw new Error('no network');
  };
  return loadPack(db, (headers) => fetch(url, { headers }), { told: (each) => progress.push(each), pause }).then((since) => ({ since, progress }));
}

test('a connection that breaks again and again goes on where it broke', async () => {
  const db = local();
  const most = Math.ceil(PACK.length / 4);
  answer = (request, response) => serve(request, response, PACK, most);
  const { since, progress } = await load(db, 1);
  assert.equal(since, '7-opaque');
  assert.equal((await db.info()).doc_count, 1300);
  assert.equal(asked[0], 'whole');
  assert.deepEqual(asked.slice(1), [1, 2, 3].map((n) => `bytes=${n * most}-`));
  assert.deepEqual(progress.at(-1), { documents: 1300, of: 1300, bytes: PACK.length, size: PACK.length });
});

test('a network that stays away is given up, and what is loaded stays', async () => {
  const db = local();
  answer = (request, response, number) => (number === 1 ? serve(request, response, PACK, PACK.length - 2000) : response.destroy());
  await assert.rejects(load(db, 2), /no network/);
  assert.equal(asked.length, 4 - 1);
  assert(await db.info().then(({ doc_count }) => doc_count > 0));
  // Started over, it becomes whole; what was there already is not there twice.
  answer = (request, response) => serve(request, response, PACK);
  await load(db);
  assert.equal((await db.info()).doc_count, 1300);
  assert.equal((await db.get('task:7', { revs_info: true }))._revs_info.length, 1);
});

test('a pack that is another one after the break is not mixed with the first', async () => {
  answer = (request, response, number) =>
    number === 1 ? serve(request, response, PACK, 5000) : serve(request, response, packOf([leaf(1)]), Infinity, '"two"');
  await assert.rejects(load(local()), (error) => error instanceof PackError && error.status === 412);
});

test('a service that is busy is asked again, one that refuses is not', async () => {
  answer = (request, response, number) => (number < 3 ? response.writeHead(503).end() : serve(request, response, PACK));
  await load(local());
  assert.equal(asked.length, 3);
  answer = (_, response) => response.writeHead(403).end();
  await assert.rejects(load(local()), (error) => error instanceof PackError && error.status === 403);
  assert.equal(asked.length, 4);
});

test('a pack that is not whole is never taken for one', async () => {
  for (const bytes of [packOf([leaf(1), leaf(2)], 3), gzipSync('{"pack":1,"since":1,"documents":1}\n'), gzipSync('{"pack":2}\n'), gzipSync('nonsense\n'), gzipSync('')]) {
    answer = (request, response) => serve(request, response, bytes);
    await assert.rejects(load(local()), PackError);
  }
  answer = (request, response) => serve(request, response, PACK.subarray(0, PACK.length - 100));
  await assert.rejects(load(local()));
});
