// Two real PouchDBs on a first sign-in: one starts from a pack, one replicates from the beginning.
// Usage: node from_pack.mjs <address of the service> <token> <mailbox> <person>; prints what happened as JSON.
import { isDeepStrictEqual } from 'node:util';

import PouchDB from '../../node_modules/pouchdb/lib/index.js';
import memory from '../../node_modules/pouchdb-adapter-memory/lib/index.js';

import { join, loadPack } from '../../../service/tablet/app/packs.js';

PouchDB.plugin(memory);
const [address, token, mailbox, person] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const selector = { type: 'record', edits: { $elemMatch: { by: person } } };
const push = { selector, batch_size: 50 };
let requests = [];

/** @param {string} name */
function tablet(name) {
  const noted = (url, options) => {
    options.headers.set('Authorization', headers.authorization);
    requests.push({ request: `${options.method ?? 'GET'} ${new URL(url).pathname.split('/').slice(3).join('/')}`, body: options.body });
    return PouchDB.fetch(url, options);
  };
  const remote = new PouchDB(`${address}/db/${mailbox}`, { skip_setup: true, fetch: noted });
  return { local: new PouchDB(name, { adapter: 'memory' }), remote };
}

const count = (what) => requests.filter(({ request }) => request.includes(what)).length;

async function leavesOf(db) {
  const found = {};
  const { results } = await db.changes({ style: 'all_docs' });
  for (const { id } of results) {
    const leaves = await db.get(id, { open_revs: 'all', revs: true });
    found[id] = leaves.map(({ ok }) => ok).sort((a, b) => (a._rev < b._rev ? -1 : 1));
  }
  return found;
}

const record = (ulid) => ({
  _id: `record:enterprise-visit:${ulid}`, type: 'record', form: 'enterprise-visit', version: 1, team: 'north', answers: {},
  edits: [{ id: ulid, at: '2026-03-02T03:00:00.000Z/0000/aa', by: person, device: 'aa', app: '1', version: 1, set: {}, unset: [], seen: {}, note: null, sig: 'x' }],
});

const packed = tablet('packed');
const progress = [];
const since = await loadPack(packed.local, (more) => fetch(`${address}/api/v1/packs/${mailbox}`, { headers: { ...headers, ...more } }), {
  told: (each) => progress.push(each),
  pause: () => Promise.reject(new Error('the network is there')),
});
await join(packed.local, packed.remote, since, { pull: {}, push });
const joining = { revsDiff: count('_revs_diff'), bulkGet: count('_bulk_get'), requests: requests.length };

requests = [];
const plain = tablet('plain');
await plain.local.replicate.from(plain.remote);
await plain.local.replicate.to(plain.remote, push);
const replicating = { revsDiff: count('_revs_diff'), bulkGet: count('_bulk_get'), requests: requests.length };

const same = isDeepStrictEqual(await leavesOf(packed.local), await leavesOf(plain.local));
const conflict = await packed.local.get('task:conflict', { conflicts: true });
const gone = await packed.local.get('task:deleted').then(() => 'there', ({ reason }) => reason);

// The first thing that this tablet writes, and the first that it is sent, each way with the options of every day.
requests = [];
await packed.local.put(record('01JDZZZZZZZZZZZZZZZZZZZZZZ'));
const sent = await packed.local.replicate.to(packed.remote, push);
const offered = requests.filter(({ request }) => request.includes('_revs_diff')).flatMap(({ body }) => Object.keys(JSON.parse(body)));
await plain.local.put(record('01JDYYYYYYYYYYYYYYYYYYYYYY'));
await plain.local.replicate.to(plain.remote, push);
requests = [];
const fetched = await packed.local.replicate.from(packed.remote, {});

console.log(JSON.stringify({
  same, joining, replicating, offered, gone,
  leaves: Object.values(await leavesOf(plain.local)).flat().length,
  conflicts: conflict._conflicts?.length ?? 0,
  progress: [progress[0], progress.at(-1)],
  sent: [sent.docs_written, sent.doc_write_failures],
  fetched: [fetched.docs_read, fetched.docs_written],
}));
process.exit(0);
