// Judges what comes in, one form and its answers per line, and writes the verdict, one per line. For tests/schemas/test_twins.py.
import { createInterface } from 'node:readline';

import { parseForm } from '../../service/tablet/app/core/form.js';
import { judge } from '../../service/tablet/app/core/judge.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { definition, values, state, now } = JSON.parse(line);
  try {
    const { answers, problems } = judge(parseForm(definition), values, { state, now: Date.parse(now) });
    console.log(JSON.stringify({ answers, problems: problems.map(({ path, code, params }) => [path, code, params]) }));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error.stack ?? error) }));
  }
}
