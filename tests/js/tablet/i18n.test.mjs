import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fill, preferred } from '../../../service/tablet/app/i18n.js';

test('one is told from many', () => {
  assert.equal(fill('{count} {count|record|records}', { count: 1 }), '1 record');
  assert.equal(fill('{count} {count|record|records}', { count: 0 }), '0 records');
});

test('a parameter that is missing leaves nothing behind', () => {
  assert.equal(fill('{who}!', {}), '!');
});

test('a language tag finds its catalogue', () => {
  assert.equal(preferred(['zh-TW', 'en']), 'zh-Hant');
  assert.equal(preferred(['zh-CN']), 'zh-Hans');
  assert.equal(preferred(['fr-FR', 'en-GB']), 'en');
  assert.equal(preferred(['fr-FR']), 'zh-Hans');
});
