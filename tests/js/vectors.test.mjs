// The cases of tests/vectors/, which tests/schemas/ and tests/sync/ hold Python to as well.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { assembled } from '../../service/tablet/app/core/bundle.js';
import { CanonicalError, canonical, digest, sha256 } from '../../service/tablet/app/core/canonical.js';
import { Clock, isTime } from '../../service/tablet/app/core/clock.js';
import { editDigest, union } from '../../service/tablet/app/core/edits.js';
import { evaluate } from '../../service/tablet/app/core/expression.js';
import { parseForm } from '../../service/tablet/app/core/form.js';
import { judge } from '../../service/tablet/app/core/judge.js';
import { fold } from '../../service/tablet/app/core/merge.js';
import { originOf } from '../../service/tablet/app/core/origin.js';
import { byPassphrase, toOffice } from '../../service/tablet/app/core/sealing.js';
import { deviceId, verifyEdit } from '../../service/tablet/app/core/signature.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));

/** Runs the cases of a file; `outcome` gives what is to equal the case's `expect`. */
function vectors(name, outcome, applies = (each) => true) {
  describe(name, () => {
    for (const each of read(`${name}.json`).filter(applies)) test(each.name, async () => assert.deepStrictEqual(await outcome(each), each.expect));
  });
}

vectors('canonical', async ({ value }) => {
  try {
    return { text: canonical(value), digest: await digest(value) };
  } catch (error) {
    assert(error instanceof CanonicalError);
    return { error: error.code, path: error.path };
  }
});

vectors('clock', ({ device, steps, at }) => {
  if (!steps) return isTime(at);
  const clock = new Clock(device);
  return steps.map(({ tick, observe, wall }) => (tick ? clock.tick(Date.parse(tick)) : clock.observe(observe, Date.parse(wall))));
});

/** A value as it stands in a case: JSON has no NaN, no infinity and no negative zero. */
function value(found) {
  if (typeof found !== 'number') return found;
  return Number.isFinite(found) ? found + 0 : { number: String(found) };
}

const isExpression = ({ tree }) => tree !== undefined; // the tablet reads no text of expressions
vectors('expressions', ({ tree, values, context = {} }) => {
  const resolve = (path) => values[path.slice(1)];
  return value(evaluate(tree, { resolve, self: '', position: 0, now: '', today: '', ...context }));
}, isExpression);

vectors('answers', ({ form, values, state, now }) => {
  const { answers, problems } = judge(parseForm(read(`forms/${form}.json`)), values, { state, now: Date.parse(now) });
  return { answers, problems: problems.map(({ path, code, params }) => [path, code, params]) };
});

vectors('merge', ({ edit, logs, edits, form, excluded, distrusted, expect }) => {
  if (edit !== undefined) return editDigest(edit);
  if (logs) {
    assert.deepStrictEqual(union(...logs.reverse()), expect);
    return union(...logs.reverse());
  }
  const options = { excluded: new Set(excluded), distrusted: new Set(distrusted) };
  const { values, state, version, at, collisions } = fold(edits, form && parseForm(read(`forms/${form}.json`)), options);
  const told = collisions.map(({ path, heads, in_force }) => ({ path, heads: heads.map((head) => head.edit_id), in_force: in_force.edit_id }));
  return { values, state, version, at, collisions: told };
});

vectors('origin', ({ edits, path }) => {
  const { heads } = fold(edits, null);
  return Object.fromEntries(heads.get(path).map((head) => [head.edit_id, originOf(path, head, edits).edit_id]));
});

// CouchDB evaluates the text of the gate to a function.
const gate = (0, eval)(`(${readFileSync(new URL('../../sync/gate.js', import.meta.url), 'utf8')})`);

vectors('gate', ({ doc, old = null, fill = {}, user, security }) => {
  const text = Object.values(fill).flat().map(([character, times]) => character.repeat(times)).join('');
  if (fill.edit) doc.edits[0].set['/t'] = text;
  if (fill.record) doc.answers.t = text;
  try {
    gate(doc, old, user, security);
    return 'accepted';
  } catch (error) {
    if (!error.forbidden) throw error;
    return error.forbidden;
  }
});

/** The bytes of a case's members, which are base64url. @param {string} text */
const raw = (text) => new Uint8Array(Buffer.from(text, 'base64url'));

async function sealOf(seal) {
  if (!seal) return null;
  const prefix = raw(seal.prefix);
  if (seal.passphrase) return byPassphrase(seal.passphrase, { salt: raw(seal.salt), prefix, iterations: seal.iterations });
  const { d, ...jwk } = seal.ephemeral;
  const curve = { name: 'ECDH', namedCurve: 'P-256' };
  const ephemeral = {
    privateKey: await crypto.subtle.importKey('jwk', { ...jwk, d }, curve, true, ['deriveBits']),
    publicKey: await crypto.subtle.importKey('jwk', jwk, curve, true, []),
  };
  return toOffice(seal.to, { ephemeral, prefix });
}

vectors('bundle', async ({ manifest, sig, bodies, seal }) => {
  const blobs = bodies.map(({ text, times }) => new Blob([text.repeat(times)]));
  const file = await assembled(manifest, sig, blobs, await sealOf(seal));
  return { bytes: file.size, sha256: await sha256(await file.arrayBuffer()) };
});

vectors('signature', ({ record, edit, jwk }) => (edit ? verifyEdit(record, edit, jwk) : deviceId(jwk)));
