/**
 * Pictures each way, and how long a change takes to reach many live clients, with an unmodified PouchDB. Prints one line of
 * JSON, seconds.
 *
 *     node tests/bench/pictures_and_live.mjs http://127.0.0.1:5984/media-bench 200 300000 200
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const require = createRequire(new URL('../package.json', import.meta.url));
const PouchDB = require('pouchdb');
PouchDB.plugin(require('pouchdb-adapter-memory'));

const url = process.argv[2];
const [pictures, size, clients] = process.argv.slice(3).map(Number);
const CHANGES = 5;

async function timed(work) {
  const start = performance.now();
  const result = await work();
  if (result.ok === false) throw new Error(JSON.stringify(result.errors));
  return (performance.now() - start) / 1000;
}

const source = new PouchDB('bench-pictures', { adapter: 'memory' });
const target = new PouchDB('bench-pictures-back', { adapter: 'memory' });
for (let number = 0; number < pictures; number += 1) {
  const data = randomBytes(size);
  await source.put({ _id: `picture:${number}`, _attachments: { file: { content_type: 'image/jpeg', data } } });
}
const remote = new PouchDB(url);
await remote.info();
const push = await timed(() => source.replicate.to(remote, { batch_size: 20 }));
const pull = await timed(() => target.replicate.from(remote, { batch_size: 20 }));
if ((await target.info()).doc_count !== pictures) throw new Error('not all pictures arrived');

/** A client that waits for news: resolves when it has the document. */
function hears(id) {
  const feed = new PouchDB(url).changes({ since: 'now', live: true, heartbeat: 10000, timeout: false });
  const heard = new Promise((resolve, reject) => {
    feed.on('error', reject);
    feed.on('change', (change) => { if (change.id === id) { feed.cancel(); resolve(performance.now()); } });
  });
  return { feed, heard };
}

const all = [];
for (let number = 0; number < CHANGES; number += 1) {
  const waiting = Array.from({ length: clients }, () => hears(`news:${number}`));
  await new Promise((resolve) => { setTimeout(resolve, 3000); });
  const start = performance.now();
  await remote.put({ _id: `news:${number}` });
  for (const { heard } of waiting) all.push((await heard - start) / 1000);
}
all.sort((a, b) => a - b);
console.log(JSON.stringify({ push, pull, live: all[Math.floor(all.length / 2)], slowest: all.at(-1) }));
