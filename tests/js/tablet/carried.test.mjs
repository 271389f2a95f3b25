/** What a changed draft keeps of what was filled in. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseForm } from '../../../service/tablet/app/core/form.js';
import { carried } from '../../../service/tablet/app/carried.js';

const form = (...fields) => parseForm({ form: 'a', version: 1, languages: ['en'], title: {}, fields });
const field = (name, type, more = {}) => ({ name, type, label: {}, ...more });

test('what the changed form still asks for in the same way is kept, row by row', () => {
  const row = (...fields) => field('shops', 'repeat', { fields });
  const before = form(field('town', 'text'), field('count', 'integer'), row(field('name', 'text'), field('open', 'boolean')), field('more', 'group', { fields: [field('note', 'text')] }));
  const after = form(field('town', 'text'), field('count', 'text'), row(field('name', 'text')), field('more', 'group', { fields: [field('note', 'text'), field('new', 'text')] }));
  const values = { town: 'A', count: 3, shops: [{ _row: '1', name: 'x', open: true }], more: { note: 'n' }, gone: 'g' };
  assert.deepEqual(carried(values, before.fields, after.fields), { town: 'A', shops: [{ _row: '1', name: 'x' }], more: { note: 'n' } });
});

test('a group that becomes a question leaves nothing behind', () => {
  const before = form(field('place', 'group', { fields: [field('town', 'text')] }));
  assert.deepEqual(carried({ place: { town: 'A' } }, before.fields, form(field('place', 'text')).fields), {});
});
