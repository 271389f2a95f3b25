// What a person is told of decisions about their own values, and how far a clock is off.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { overruled, question } from '../../../service/tablet/app/decisions.js';
import { measured } from '../../../service/tablet/app/skew.js';

const edit = (id, minute, by, set, seen = {}, more = {}) => ({ id, at: `2026-11-23T06:0${minute}:00.000Z/0000/${by.replace('.', '')}`, by, device: by.replace('.', ''), app: '1', version: 1, set, unset: [], seen, note: null, sig: 's', ...more });
const collided = [edit('a', 1, 'li.wei', { '/x': '1' }), edit('b', 2, 'zhang.min', { '/x': '2' })];
const decision = edit('d', 3, 'office', { '/x': '2' }, { '/x': ['a', 'b'] }, { note: '电话核实' });

test('whoever gave the value that was not taken is told what was, from whom, by whom and why', () => {
  const [told] = overruled([...collided, decision], 'li.wei');
  assert.deepEqual([told.path, told.own.value, told.chosen.value, told.author.by, told.by, told.note], ['/x', '1', '2', 'zhang.min', 'office', '电话核实']);
});

test('nobody else is told', () => {
  for (const person of ['zhang.min', 'office', 'wang.fang']) assert.deepEqual(overruled([...collided, decision], person), []);
});

test('a sequel of somebody who saw one value is no decision', () => {
  assert.deepEqual(overruled([collided[0], edit('c', 2, 'zhang.min', { '/x': '9' }, { '/x': ['a'] })], 'li.wei'), []);
});

test('a decision that is taken back is told no more', () => {
  const undone = [edit('u', 4, 'office', { '/x': '1' }, { '/x': ['d', 'a'] }), edit('v', 5, 'office', { '/x': '2' }, { '/x': ['d', 'b'] })];
  assert.deepEqual(overruled([...collided, decision, ...undone], 'li.wei'), []);
  const again = edit('e', 6, 'office', { '/x': '2' }, { '/x': ['u', 'v'] });
  assert.equal(overruled([...collided, decision, ...undone, again], 'li.wei').length, 1);
});

test('a question is what the office sent the record back with, until the team has answered', () => {
  const sent = edit('a', 1, 'li.wei', { '/_state': 'submitted' });
  const asked = edit('q', 2, 'office', { '/_state': 'returned' }, { '/_state': ['a'] }, { note: '哪个准确？' });
  assert.equal(question([sent]), null);
  assert.equal(question([sent, asked])?.text, '哪个准确？');
  assert.equal(question([sent, asked, edit('b', 3, 'li.wei', { '/_state': 'submitted' }, { '/_state': ['q'] })]), null);
});

const NOON = Date.parse('2026-11-23T12:00:00Z');
const date = new Date(NOON).toUTCString();

test('a clock is measured by the middle of the request', () => {
  const [only] = measured([], date, NOON + 7_200_000, NOON + 7_201_000);
  assert.deepEqual(only, { at: '2026-11-23T12:00:00.500Z', ms: 7_200_000 });
});

test('what says nothing new, took long, or cannot be read is not kept', () => {
  const known = measured([], date, NOON, NOON + 1000);
  assert.equal(measured(known, date, NOON + 20_000, NOON + 21_000), known);
  assert.equal(measured(known, date, NOON, NOON + 60_000), known);
  assert.equal(measured(known, null, NOON, NOON + 1000), known);
  assert.equal(measured(known, 'soon', NOON, NOON + 1000), known);
  assert.equal(measured(known, date, NOON + 120_000, NOON + 121_000).length, 2);
});

test('fifty measurements are kept, the latest', () => {
  let all = [];
  for (let hour = 0; hour < 80; hour += 1) all = measured(all, date, NOON + hour * 3_600_000, NOON + hour * 3_600_000 + 1000);
  assert.equal(all.length, 50);
  assert.equal(all.at(-1).ms, 79 * 3_600_000);
});
