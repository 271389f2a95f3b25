// Folds logs of edits: each line of the input is `{edits, form}` in JSON, each line of the output what comes of it.
import { createInterface } from 'node:readline';

import { editsDigest, union } from '../../service/tablet/app/core/edits.js';
import { parseForm } from '../../service/tablet/app/core/form.js';
import { fold } from '../../service/tablet/app/core/merge.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { edits, form } = JSON.parse(line);
  const { values, state, version, at, collisions, heads } = fold(edits, form && parseForm(form));
  const digest = await editsDigest(union(edits));
  process.stdout.write(`${JSON.stringify({ values, state, version, at, collisions, heads: [...heads], digest })}\n`);
}
