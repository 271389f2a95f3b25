/** Entities are read once, in pages, and then followed: one that changes is one document read, never its kind again. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';
import { Entities } from '../../../service/tablet/app/entities.js';

PouchDB.plugin(memory);

const MANY = 2500;
/** @type {any} */
let db;
/** What was asked of the database. @type {any[]} */
let asked;
/** @type {Entities} */
let entities;
let told = 0;
let count = 0;

const town = (/** @type {number} */ number, /** @type {any} */ more = {}) => ({ _id: `entity:town:t${String(number).padStart(5, '0')}`, name: `Town ${number}`, ...more });
const change = async (/** @type {any} */ doc) => db.put({ ...doc, _rev: (await db.get(doc._id))._rev });
const names = async () => (await entities.used('town')).map(({ name }) => name);

beforeEach(async () => {
  db = new PouchDB(`entities-${(count += 1)}`, { adapter: 'memory' });
  await db.bulkDocs([...Array(MANY).keys()].map((number) => town(number)));
  await db.bulkDocs([{ _id: 'entity:townhall:a', name: 'Hall' }, { _id: 'entity:street:s', name: 'Street' }]);
  [asked, told] = [[], 0];
  const all = { allDocs: (/** @type {any} */ options) => (asked.push(options), db.allDocs(options)) };
  entities = new Entities(all, () => (told += 1));
});

test('all of a kind are read in pages, once, in the order of their ids, and nothing of another kind', async () => {
  const found = await names();
  assert.deepEqual(found, [...Array(MANY).keys()].map((number) => `Town ${number}`));
  assert.equal(asked.length, 3);
  assert.equal(await entities.used('town'), await entities.used('town'));
  assert.equal(asked.length, 3);
  assert.equal(told, 1);
});

test('a changed one is read alone, and stands in the list, in the register and by its name', async () => {
  const before = await entities.used('town');
  await change(town(7, { name: 'Seven' }));
  await entities.take([town(7)._id, 'entity:street:s', 'form:visit:1']);
  assert.deepEqual(asked.slice(3), [{ keys: [town(7)._id], include_docs: true }]);
  assert.equal((await names())[7], 'Seven');
  assert.equal(entities.register('town').named(town(7)._id)?.label, 'Seven');
  assert.equal(entities.named(town(7)._id)?.name, 'Seven');
  assert.notEqual(await entities.used('town'), before);
  assert.equal(before[7].name, 'Town 7', 'who holds the old list keeps it');
});

test('a new one takes its place in the order; what is out of use is known and not offered; a deleted one is gone', async () => {
  await entities.used('town');
  await db.put(town(1, { _id: 'entity:town:t00001a', name: 'Between' }));
  await change(town(3, { active: false }));
  await db.remove(await db.get(town(5)._id));
  await entities.take(['entity:town:t00001a', town(3)._id, town(5)._id]);
  assert.deepEqual((await names()).slice(0, 6), ['Town 0', 'Town 1', 'Between', 'Town 2', 'Town 4', 'Town 6']);
  assert.equal(entities.named(town(3)._id)?.name, 'Town 3');
  assert.equal(entities.named(town(5)._id), undefined);
  assert.equal(entities.register('town').named(town(5)._id), undefined);
});

test('what changes while a kind is being read is not lost, nor are changes that come at once', async () => {
  const reading = entities.used('town');
  await change(town(2, { name: 'Two' }));
  const one = entities.take([town(2)._id]);
  await change(town(9, { name: 'Nine' }));
  await Promise.all([reading, one, entities.take([town(9)._id])]);
  const found = await names();
  assert.deepEqual([found[2], found[9], found.length], ['Two', 'Nine', MANY]);
});

test('a kind that nobody asked for is not read because of a change', async () => {
  await entities.take(['entity:street:s']);
  assert.deepEqual(asked, []);
  assert.equal(entities.named('entity:street:s'), undefined);
  assert.deepEqual((await entities.used('street')).map(({ name }) => name), ['Street']);
  assert.equal(entities.named('entity:street:s')?.name, 'Street');
});

test('a reading that failed is tried again', async () => {
  let broken = true;
  const all = { allDocs: async (/** @type {any} */ options) => { if (broken) throw new Error('the disk is busy'); return db.allDocs(options); } };
  const shaky = new Entities(all, () => undefined);
  await assert.rejects(shaky.used('street'), /busy/);
  broken = false;
  assert.equal((await shaky.used('street')).length, 1);
});
