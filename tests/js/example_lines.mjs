// What the examples of docs/forms.md come to, one form and its answers per line. For tests/schemas/test_examples.py.
import { createInterface } from 'node:readline';

import { parseForm } from '../../service/tablet/app/core/form.js';
import { judge } from '../../service/tablet/app/core/judge.js';
import { startingValues } from '../../service/tablet/app/defaults.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { definition, values, now } = JSON.parse(line);
  const form = parseForm(definition);
  const { answers, problems, stored } = judge(form, values, { state: 'submitted', now: Date.parse(now), entities: () => [] });
  const begins = startingValues(form, {}, new Date(now));
  console.log(JSON.stringify({ answers, problems: problems.map(({ code }) => code), stored: Object.fromEntries(stored), begins }));
}
