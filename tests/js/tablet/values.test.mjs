import assert from 'node:assert/strict';
import { test } from 'node:test';

import { valueAt, withoutRow, withRow, withValue } from '../../../service/tablet/app/values.js';

const ROW = '01JDA0000000000000000000AA';
const LATER = '01JDA0000000000000000000BB';

test('a value is put into a group that was not there', () => {
  assert.deepEqual(withValue({}, '/survey/workers', 12), { survey: { workers: 12 } });
});

test('a value is put into a row and found there again', () => {
  const values = withValue({ problems: [{ _row: ROW }, { _row: LATER }] }, `/problems/${LATER}/status`, 'solved');
  assert.equal(valueAt(values, `/problems/${LATER}/status`), 'solved');
  assert.deepEqual(values.problems[0], { _row: ROW });
});

test('undefined takes a value away', () => {
  assert.deepEqual(withValue({ a: 1, b: 2 }, '/a', undefined), { b: 2 });
});

test('nothing is changed in place', () => {
  const values = Object.freeze({ survey: Object.freeze({ workers: 1 }) });
  assert.deepEqual(withValue(values, '/survey/workers', 2), { survey: { workers: 2 } });
  assert.deepEqual(values, { survey: { workers: 1 } });
});

test('a row that is put back stands where it stood', () => {
  const values = { problems: [{ _row: ROW, kind: 'land' }, { _row: LATER }] };
  const without = withoutRow(values, '/problems', ROW);
  assert.deepEqual(without.problems, [{ _row: LATER }]);
  assert.deepEqual(withRow(without, '/problems', { _row: ROW, kind: 'land' }), values);
});

test('the last row takes the repeat with it', () => {
  assert.deepEqual(withoutRow({ problems: [{ _row: ROW }] }, '/problems', ROW), {});
});

test('a repeat in a row is reached through the row', () => {
  const values = withRow({ findings: [{ _row: ROW }] }, `/findings/${ROW}/persons`, { _row: LATER, person: '王' });
  assert.equal(valueAt(values, `/findings/${ROW}/persons/${LATER}/person`), '王');
});
