/** Of each record the tablet says how many of its files have arrived, and believes nobody but the judge. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf } from '../../../service/tablet/app/arrivals.js';

const [ONE, TWO, THREE] = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const fields = [
  { name: 'photos', type: 'photo', fields: [] },
  { name: 'rows', type: 'repeat', fields: [{ name: 'proof', type: 'file', fields: [] }] },
  { name: 'remark', type: 'text', fields: [] },
];
const entry = (/** @type {any} */ answers) => /** @type {any} */ ({ form: { fields }, doc: { answers } });
const nothing = () => false;

test('each file counts once, wherever it is named', () => {
  const files = filesOf(entry({ photos: [ONE, TWO], rows: [{ _row: 'x', proof: TWO }, { _row: 'y', proof: THREE }], remark: ONE }), null, nothing);
  assert.deepEqual(files, { all: 3, arrived: 0, here: 0 });
});

test('what the receipt says has arrived, has; what waits, is here', () => {
  const receipt = /** @type {any} */ ({ media: { arrived: [ONE], missing: [TWO, THREE] } });
  assert.deepEqual(filesOf(entry({ photos: [ONE, TWO, THREE] }), receipt, (id) => id === `media:${TWO}`), { all: 3, arrived: 1, here: 1 });
});

test('a file that was handed over is not said to have arrived before the judge says so', () => {
  assert.deepEqual(filesOf(entry({ photos: [ONE] }), /** @type {any} */ ({}), nothing), { all: 1, arrived: 0, here: 0 });
});

test('without the form nothing is known', () => {
  assert.deepEqual(filesOf(/** @type {any} */ ({ form: null, doc: { answers: { photos: [ONE] } } }), null, nothing), { all: 0, arrived: 0, here: 0 });
});
