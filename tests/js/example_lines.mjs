// What the examples of docs/forms.md come to, one form and its answers per line. For tests/schemas/test_examples.py.
import { createInterface } from 'node:readline';

import { parseForm } from '../../service/tablet/app/core/form.js';
import { Judgement, judge } from '../../service/tablet/app/core/judge.js';
import { Register } from '../../service/tablet/app/core/register.js';
import { startingValues } from '../../service/tablet/app/defaults.js';

const NOTHING = new Register([]);

/** What becomes of answers when more is entered, as the tablet does it. */
function later(form, values, then, now) {
  const judgement = new Judgement(form, { state: 'submitted', entities: () => NOTHING });
  judgement.become(values, now);
  judgement.become({ ...values, ...then }, now);
  const fired = Object.fromEntries([...judgement.fired].map(([path, value]) => [path.slice(1), value]));
  judgement.become({ ...values, ...then, ...fired }, now);
  return judgement;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { definition, values, now, last, then } = JSON.parse(line);
  const form = parseForm(definition);
  const { answers, problems, stored } = then ? later(form, values, then, Date.parse(now)) : judge(form, values, { state: 'submitted', now: Date.parse(now), entities: () => NOTHING });
  const begins = startingValues(form, {}, { now: new Date(now), property: (name) => ({ username: 'li.wei', deviceid: 'tablet-7' })[name], last });
  console.log(JSON.stringify({ answers, problems: problems.map(({ code }) => code), stored: Object.fromEntries(stored), begins }));
}
