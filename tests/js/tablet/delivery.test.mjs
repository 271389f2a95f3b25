import assert from 'node:assert/strict';
import { test } from 'node:test';

import { deliver } from '../../../service/tablet/app/delivery.js';

const failure = (status) => Object.assign(new Error(`status ${status}`), { status, name: 'failure' });
const docs = (...ids) => ids.map((id) => ({ _id: id }));
const healthy = async () => ({});

/** A service that refuses a whole batch with `status` when one of `bad` is in it. */
function service(bad, status) {
  const taken = [];
  const send = async (part) => {
    if (part.some(({ _id }) => bad.includes(_id))) throw failure(status);
    taken.push(...part.map(({ _id }) => _id));
    return [];
  };
  return { taken, send };
}

test('one document that is too large does not hold up the others', async () => {
  const { taken, send } = service(['c'], 413);
  const refused = await deliver(docs('a', 'b', 'c', 'd', 'e'), send, healthy);
  assert.deepEqual(taken.sort(), ['a', 'b', 'd', 'e']);
  assert.deepEqual(refused.map(({ id, error, status }) => [id, error, status]), [['c', 'forbidden', 413]]);
});

test('several offenders are each named', async () => {
  const { taken, send } = service(['a', 'd'], 400);
  const refused = await deliver(docs('a', 'b', 'c', 'd'), send, healthy);
  assert.deepEqual(taken, ['b', 'c']);
  assert.deepEqual(refused.map(({ id }) => id), ['a', 'd']);
});

test('a document is not blamed for a broken sign-in', async () => {
  const { send } = service(['a'], 400);
  const probe = async () => {
    throw failure(401);
  };
  await assert.rejects(deliver(docs('a', 'b'), send, probe), { status: 401 });
});

test('a fault of the service is passed on, so that it is tried again', async () => {
  const { send } = service(['a'], 503);
  await assert.rejects(deliver(docs('a', 'b'), send, healthy), { status: 503 });
});

test('a refusal of one document in an answer becomes one that PouchDB passes on', async () => {
  const [one] = await deliver(docs('a'), async () => [{ id: 'a', error: 'bad_request', status: 400, reason: 'why' }], healthy);
  assert.equal(one.name, 'forbidden');
  assert.equal(one.reason, 'why');
});
