// Two real PouchDBs that meet through a proxy: pushes, pulls, a live pull, attachments, and a second pass.
// Usage: node replicate.mjs <address of the remote database> <token>; prints what happened as JSON.
import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

PouchDB.plugin(memory);
const [address, token] = process.argv.slice(2);
const requests = [];

/** @param {string | Request} url @param {RequestInit & {headers: Headers}} options */
function fetchWithToken(url, options) {
    options.headers.set('Authorization', `Bearer ${token}`);
    requests.push(`${options.method ?? 'GET'} ${new URL(String(url)).pathname}`);
    return PouchDB.fetch(url, options);
}

const remote = () => new PouchDB(address, { skip_setup: true, fetch: fetchWithToken });
const record = (name) => ({ _id: `record:enterprise-visit:${name}`, type: 'record', team: 'north' });
const media = 'media:' + 'ab'.repeat(32);

const first = new PouchDB('first', { adapter: 'memory' });
const second = new PouchDB('second', { adapter: 'memory' });

await first.put(record('01JDAAAAAAAAAAAAAAAAAAAAAA'));
await first.put({ _id: media, type: 'media', team: 'north' });
const stub = await first.get(media);
await first.putAttachment(media, 'file', stub._rev, Buffer.alloc(200_000, 7), 'image/jpeg');
const pushed = await first.replicate.to(remote());

const live = second.replicate.from(remote(), { live: true });
const arrived = new Promise((resolve, reject) => {
    live.on('change', async ({ docs }) => docs.some((doc) => doc._id.endsWith('BBBB')) && resolve(true));
    live.on('error', reject);
});
await new Promise((resolve) => { live.once('paused', () => resolve(true)); });
await first.put(record('01JDBBBBBBBBBBBBBBBBBBBBBB'));
await first.replicate.to(remote());
await arrived;
live.cancel();

const photo = /** @type {Buffer} */ (await second.getAttachment(media, 'file'));
const straight = /** @type {Buffer} */ (await remote().getAttachment(media, 'file'));
const again = await first.replicate.to(remote());

console.log(JSON.stringify({
    pushed: pushed.docs_written,
    refused: pushed.doc_write_failures,
    pulled: (await second.allDocs()).rows.map((row) => row.id),
    photo: photo.length,
    straight: straight.length,
    again: again.docs_read,
    requests: [...new Set(requests)],
}));
process.exit(0);
