// Fills in what comes in, one form, its answers and the changes to them per line, and writes where the verdict that follows the
// changes is not the one that is made anew, one list per line. For tests/schemas/test_twins.py.
import { isDeepStrictEqual } from 'node:util';
import { createInterface } from 'node:readline';

import { parseForm } from '../../service/tablet/app/core/form.js';
import { judge, Judgement } from '../../service/tablet/app/core/judge.js';
import { Register } from '../../service/tablet/app/core/register.js';
import { withValue } from '../../service/tablet/app/values.js';

const STEP_MS = 7 * 3_600_000;
const ENTITIES = new Register([]);
const entities = () => ENTITIES;

/** Every place of a form where something may stand, rows as they are entered. */
function places(fields, values, prefix = '') {
  return fields.flatMap((field) => {
    const path = `${prefix}/${field.name}`;
    const value = values?.[field.name];
    if (field.type === 'group') return [{ field, path }, ...places(field.fields, value, path)];
    const rows = field.type === 'repeat' && Array.isArray(value) ? value : [];
    return [{ field, path }, ...rows.flatMap((row) => places(field.fields, row, `${path}/${row?._row}`))];
  });
}

/** Everything that a screen shows of a place. */
function view(judgement, { field, path }) {
  const problems = judgement.problemsAt(path).map(({ code, params }) => [code, params]);
  const offered = judgement.offered(field, path).map(({ name }) => name);
  const is = [judgement.isRelevant(path), judgement.isRequired(path), judgement.isReadonly(path)];
  return { problems, offered, is, computed: field.calculate ? judgement.computedAt(field, path) : null, stored: judgement.stored.get(path) };
}

const views = (judgement, form, values) => new Map(places(form.fields, values).map((place) => [place.path, view(judgement, place)]));
const isTold = (path, touched) => [...touched].some((each) => path === each || path.startsWith(`${each}/`));

/** What is wrong after one change. */
function differences(step, form, values, { follower, before, touched, options }) {
  const anew = judge(form, values, options);
  const [ours, theirs] = [views(follower, form, values), views(anew, form, values)];
  const found = [];
  const compare = (what, one, other) => isDeepStrictEqual(one, other) || found.push([step, what, one, other]);
  compare('answers', follower.answers, anew.answers);
  compare('problems', follower.problems.map(({ path, code }) => [path, code]), anew.problems.map(({ path, code }) => [path, code]));
  for (const [path, one] of ours) {
    compare(`view ${path}`, one, theirs.get(path));
    if (before.has(path) && !isDeepStrictEqual(one, before.get(path)) && !isTold(path, touched)) found.push([step, `untold ${path}`, before.get(path), one]);
  }
  return [found, ours];
}

function fill({ definition, values, state, now, changes }) {
  const form = parseForm(definition);
  const follower = new Judgement(form, { state, entities });
  const found = [];
  let before = new Map();
  [null, ...changes].forEach((change, step) => {
    if (change) values = withValue(values, change[0], change[1] ?? undefined);
    const at = Date.parse(now) + step * STEP_MS;
    const touched = follower.become(values, at);
    const [wrong, after] = differences(step, form, values, { follower, before, touched, options: { state, entities, now: at } });
    found.push(...wrong);
    before = after;
  });
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(fill(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify([String(error.stack ?? error)]));
  }
}
