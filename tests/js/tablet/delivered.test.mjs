/** Which edits another log lacks: what a tablet asks before it says that they were delivered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDigest, without } from '../../../service/tablet/app/core/edits.js';

const edit = (/** @type {string} */ id, value = 1) => ({ id, at: '2026-11-23T06:10:42.120Z/0000/aa', set: { '/x': value } });
const [one, two] = [edit('01A'), edit('01B')];

test('what is in no leaf is lacking', () => {
  assert.deepEqual(without([one, two], [two]), [one]);
  assert.deepEqual(without([one], []), [one]);
  assert.deepEqual(without([one, two], [two, one]), []);
});

test('another content under the same id is not the edit', () => {
  assert.deepEqual(without([one], [edit('01A', 2)]), [one]);
});

test('an edit that the office has erased is not lacking', () => {
  assert.deepEqual(without([one], [{ id: one.id, at: one.at, erased: editDigest(one) }]), []);
  assert.deepEqual(without([one], [{ id: one.id, at: one.at, erased: editDigest(two) }]), [one]);
});
