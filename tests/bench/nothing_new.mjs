/**
 * What a sync costs in which nothing has changed, with an unmodified PouchDB. Prints one line of JSON: requests and bytes
 * of both directions together, bodies and paths of the requests and bodies of the answers.
 *
 *     node tests/bench/nothing_new.mjs http://127.0.0.1:5984/mailbox-bench [pack]
 *
 * With `pack` the tablet begins at the database's end, as after loading a pack, instead of reading all of it first.
 */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../package.json', import.meta.url));
const PouchDB = require('pouchdb');
PouchDB.plugin(require('pouchdb-adapter-memory'));

const [url, from] = [process.argv[2], process.argv[3]];
let requests = 0;
let bytes = 0;

async function counted(address, options) {
  const answer = await PouchDB.fetch(address, options);
  requests += 1;
  // How many digits a number has is not to count: a place in the changes, how often a checkpoint was written.
  const sent = `${new URL(address).pathname}${options.body ?? ''}`;
  const text = await answer.text();
  bytes += (sent + text).replaceAll(/(?<=[:=]|"0-)\d+/g, '0').length;
  return new Response(text, { status: answer.status, headers: [...answer.headers] });
}

const remote = new PouchDB(url, { fetch: counted });
const local = new PouchDB('bench-quiet', { adapter: 'memory' });
const { update_seq: end } = await remote.info();
await local.replicate.from(remote, { batch_size: 500, ...(from === 'pack' ? { since: end } : {}) });
await local.replicate.to(remote, { batch_size: 500 });

[requests, bytes] = [0, 0];
const pull = await local.replicate.from(remote, { batch_size: 500 });
const push = await local.replicate.to(remote, { batch_size: 500 });
if (pull.docs_read || push.docs_read) throw new Error('something was new');
console.log(JSON.stringify({ documents: (await remote.info()).doc_count, requests, bytes }));
