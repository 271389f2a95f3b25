import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseDecimal, parseInteger } from '../../../service/tablet/app/numbers.js';

test('a whole number is an integer', () => {
  assert.equal(parseInteger('12'), 12);
  assert.equal(parseInteger('-3'), -3);
});

test('full-width figures are figures', () => {
  assert.equal(parseInteger('１２'), 12);
  assert.equal(parseDecimal('１２．５'), '12.5');
});

test('what is no number is kept as it was typed', () => {
  assert.equal(parseInteger('十二'), '十二');
  assert.equal(parseInteger('9007199254740993'), '9007199254740993');
});

test('nothing is nothing', () => {
  assert.equal(parseInteger(' '), undefined);
  assert.equal(parseDecimal(''), undefined);
});

test('decimals keep what was typed', () => {
  assert.equal(parseDecimal('12.50'), '12.50');
  assert.equal(parseDecimal('.5'), '0.5');
  assert.equal(parseDecimal('-.5'), '-0.5');
});
