/** What the form itself says of a question stands in the place of the judge's sentence. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseForm } from '../../../service/tablet/app/core/form.js';
import { judge } from '../../../service/tablet/app/core/judge.js';

test('a question that must be answered says what its author wrote', () => {
  const text = (name, more) => ({ name, type: 'text', label: { en: name }, required: true, ...more });
  const form = parseForm({ form: 'a', version: 1, languages: ['en'], title: {}, fields: [text('own', { required_message: { en: 'Ask the owner.' } }), text('usual')] });
  const { problems } = judge(form, {}, { state: 'submitted', now: 0, messages: { required: { en: 'Please answer “{label}”.' } } });
  assert.deepEqual(problems.map(({ message }) => message.en), ['Ask the owner.', 'Please answer “usual”.']);
});
