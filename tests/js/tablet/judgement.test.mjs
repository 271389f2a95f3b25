// The verdict that follows what is entered, where random edits of tests/schemas/test_twins.py do not come.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseForm } from '../../../service/tablet/app/core/form.js';
import { judge, Judgement } from '../../../service/tablet/app/core/judge.js';
import { withValue } from '../../../service/tablet/app/values.js';

const ROWS = 5_000;
const LABEL = { en: 'x' };
const ref = (path) => ({ ref: path });
const computed = (name, tree, value) => ({ name, type: 'calculate', value, label: LABEL, calculate: { text: '', tree } });
const repeat = (name, fields) => ({ name, type: 'repeat', label: LABEL, fields });
const form = (fields) => parseForm({ form: 'f', version: 1, languages: ['en'], title: LABEL, fields });
const rows = (many, name) => Array.from({ length: many }, (_, number) => ({ _row: `01JD${String(number).padStart(22, '0')}`, [name]: number }));

/** Fill in some values one after the other; each verdict has to be the one that is made anew. */
function followed(questions, steps) {
  const follower = new Judgement(questions, { state: 'submitted' });
  let values = {};
  return steps.map(([path, value], now) => {
    values = withValue(values, path, value);
    follower.become(values, now);
    const anew = judge(questions, values, { state: 'submitted', now });
    assert.deepStrictEqual(follower.answers, anew.answers);
    const codes = follower.problems.map(({ path: at, code }) => [at, code]);
    assert.deepStrictEqual(codes, anew.problems.map(({ path: at, code }) => [at, code]));
    return codes;
  });
}

test('it gives up while the expressions cost too much, and works them out once they do not', () => {
  const all = { call: 'sum', args: [ref('/a/x')] };
  const questions = form([
    repeat('a', [{ name: 'x', type: 'integer', label: LABEL }]),
    repeat('b', [{ name: 'y', type: 'integer', label: LABEL, relevant: { text: '', tree: { call: '>', args: [all, { lit: 0 }] } } }, computed('z', all, 'integer')]),
  ]);
  const found = followed(questions, [['/a', rows(3, 'x')], ['/b', rows(ROWS, 'y')], ['/a', rows(ROWS, 'x')], [`/a/${rows(1)[0]._row}/x`, 7], ['/b', rows(2, 'y')], ['/a', undefined]]);
  assert.deepStrictEqual(found.map((codes) => codes.map(([, code]) => code)), [[], [], ['too_costly'], ['too_costly'], [], []]);
});

test('a calculated text that is too long is told for as long as it is', () => {
  const questions = form([
    { name: 'text', type: 'text', label: LABEL, max_length: 6_000 },
    computed('twice', { call: 'concat', args: [ref('/text'), ref('/text')] }, 'text'),
    computed('size', { call: 'string-length', args: [ref('/twice')] }, 'integer'),
  ]);
  const found = followed(questions, [['/text', 'a'], ['/text', 'a'.repeat(5_001)], ['/text', 'b'], ['/text', 'c'.repeat(5_002)], ['/text', undefined]]);
  assert.deepStrictEqual(found, [[], [['/twice', 'too_long']], [], [['/twice', 'too_long']], []]);
});
