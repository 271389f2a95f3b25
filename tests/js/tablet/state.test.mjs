import assert from 'node:assert/strict';
import { test } from 'node:test';

import { stateOf } from '../../../service/tablet/app/state.js';

const facts = { refused: false, pending: false, digest: 'd1', collisions: 0, atHub: false, receipt: null };
const receipt = (verdict, more = {}) => ({ digest: 'd1', verdict, judge: 'office', ...more });

test('what has not been seen to arrive is only here, whatever an older receipt says', () => {
  assert.equal(stateOf({ ...facts, pending: true, receipt: receipt('accepted') }), 'local');
});

test('a refusal is shown before all else', () => {
  assert.equal(stateOf({ ...facts, refused: true, pending: true, collisions: 1 }), 'refused');
});

test('what has arrived and has no receipt is at the office', () => {
  assert.equal(stateOf(facts), 'delivered');
});

test('a receipt for older edits says nothing about newer ones', () => {
  assert.equal(stateOf({ ...facts, receipt: receipt('accepted', { digest: 'd0' }) }), 'delivered');
});

test('a receipt for these edits gives the verdict', () => {
  assert.equal(stateOf({ ...facts, receipt: receipt('accepted') }), 'accepted');
  assert.equal(stateOf({ ...facts, receipt: receipt('returned') }), 'returned');
  assert.equal(stateOf({ ...facts, receipt: receipt('held') }), 'delivered');
});

test("a hub's acceptance is not yet the office's", () => {
  assert.equal(stateOf({ ...facts, receipt: receipt('accepted', { judge: 'hub-1' }) }), 'hub');
});

test('what has arrived while this tablet syncs with a hub is on the hub, until the office says something of it', () => {
  assert.equal(stateOf({ ...facts, atHub: true }), 'hub');
  assert.equal(stateOf({ ...facts, atHub: true, receipt: receipt('accepted', { judge: 'hub-1', digest: 'd0' }) }), 'hub');
  assert.equal(stateOf({ ...facts, receipt: receipt('held', { judge: 'hub-1' }) }), 'hub');
  assert.equal(stateOf({ ...facts, atHub: true, receipt: receipt('held') }), 'delivered');
  assert.equal(stateOf({ ...facts, atHub: true, receipt: receipt('accepted') }), 'accepted');
});

test("a hub's judgement that something needs mending is shown as one", () => {
  assert.equal(stateOf({ ...facts, receipt: receipt('returned', { judge: 'hub-1' }) }), 'returned');
});

test('a collision needs a decision, receipt or not', () => {
  assert.equal(stateOf({ ...facts, collisions: 1, receipt: receipt('accepted') }), 'undecided');
});
