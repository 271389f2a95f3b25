/**
 * Push N records with an unmodified PouchDB, then pull them into an empty one. Prints one line of JSON, seconds.
 *
 *     node tests/bench/push_pull.mjs http://127.0.0.1:5984/mailbox-bench 10000
 */
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const require = createRequire(new URL('../package.json', import.meta.url));
const PouchDB = require('pouchdb');
PouchDB.plugin(require('pouchdb-adapter-memory'));

const [url, count] = [process.argv[2], Number(process.argv[3])];
const BATCH = { batch_size: 500, batches_limit: 4 };

/** A record of about 1 kB, shaped as a tablet makes it. */
function record(number) {
  const ulid = String(number).padStart(26, '0');
  const path = (index) => `/answer_${String(index).padStart(2, '0')}`;
  const set = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [path(index), `回答 ${number} ${index}`]));
  const edit = {
    id: ulid, at: '2026-03-02T06:10:42.120Z/0000/0123456789ab', by: 'li.wei', device: '0123456789ab', app: 'bench',
    version: 1, set, unset: [], seen: {}, note: null, sig: 'x'.repeat(86),
  };
  const answers = Object.fromEntries(Object.entries(set).map(([key, value]) => [key.slice(1), value]));
  return { _id: `record:bench:${ulid}`, type: 'record', form: 'bench', version: 1, team: 'bench', edits: [edit], answers };
}

async function timed(work) {
  const start = performance.now();
  const result = await work();
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return { seconds: (performance.now() - start) / 1000, result };
}

const source = new PouchDB('bench-source', { adapter: 'memory' });
const target = new PouchDB('bench-target', { adapter: 'memory' });
for (let from = 0; from < count; from += 1000) {
  await source.bulkDocs(Array.from({ length: Math.min(1000, count - from) }, (_, index) => record(from + index)));
}
const remote = new PouchDB(url);
await remote.info();
const push = await timed(() => source.replicate.to(remote, BATCH));
const pull = await timed(() => target.replicate.from(remote, BATCH));
const again = await timed(() => source.replicate.to(remote, BATCH));
const info = await target.info();
if (push.result.docs_written !== count || info.doc_count !== count) throw new Error('not all documents arrived');
console.log(JSON.stringify({
  documents: count, bytes: JSON.stringify(record(1)).length,
  push: push.seconds, pull: pull.seconds, nothing_new: again.seconds,
}));
