#!/usr/bin/env node
/**
 * Two tablets of one team meet, with a real PouchDB in each; a third, of another team, may not look.
 *
 *     make run                              # in one terminal
 *     node examples/two_tablets.mjs         # in another; --url and the sign-ins can be given
 *
 * Every line that it prints was checked; it exits with 1 at the first that does not hold.
 * It survives a service that is killed and started again meanwhile.
 */
import { randomBytes } from 'node:crypto';
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';

import { Refusal, Tablet, call, patiently, until } from './tablet.mjs';
import { ulid } from '../service/tablet/app/core/ulid.js';

const OPTIONS = /** @type {const} */ ({
  url: { type: 'string', default: 'http://127.0.0.1:8000' },
  json: { type: 'boolean', default: false },
  one: { type: 'string', default: 'li.wei:demo-north-1' },
  two: { type: 'string', default: 'zhang.min:demo-north-2' },
  stranger: { type: 'string', default: 'wang.fang:demo-south-1' },
  office: { type: 'string', default: 'office:demo-office-1' },
  help: { type: 'boolean', default: false },
});
const USAGE = `node examples/two_tablets.mjs [--url URL] [--json] [--one NAME:PASSWORD] [--two …] [--stranger …] [--office …]
Without options it meets the demo that \`make run\` serves on ${OPTIONS.url.default}.`;
const options = given();

function given() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (!values.help) return values;
    console.log(USAGE);
    return process.exit();
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}

const FORM = 'enterprise-visit';
const say = (line) => options.json || console.log(line);
const shown = (claim) => say(`  ✓ ${claim}`);
const credentials = (text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
const tabletFor = (text) => Tablet.signIn(options.url, ...credentials(text));

/** A visit in which every required question is answered. */
function visit(enterprise, signature) {
  return {
    enterprise,
    visited_on: '2026-03-02',
    visitors: '李伟、张敏',
    people_met: [{ _row: ulid(), person_name: '陈厂长', person_position: 'owner' }],
    publicity: { sessions: 0, guides: 20, topics: ['tax'] },
    survey: { workers: 120, operation: 'stable', findings: '订单饱满，生产正常，无停工情况。' },
    no_opinions: true,
    planning: { helped: false, no_plan_reason: '企业已有完整规划。' },
    problems: [],
    none_solved_reason: '走访中未发现问题。',
    closing: { satisfaction: 'satisfied', signature },
  };
}

async function signInAll() {
  say('Two tablets of one team sign in, and one of another.');
  const [one, two, stranger] = await Promise.all([options.one, options.two, options.stranger].map(tabletFor));
  assert.equal(one.team, two.team);
  assert.notEqual(one.team, stranger.team);
  await Promise.all([one.pull(), two.pull(), stranger.pull()]);
  const tasks = await one.documents('task');
  assert.ok((await one.form(FORM)).fields.length > 0);
  assert.ok(tasks.length > 0, 'no tasks came');
  shown(`forms and ${tasks.length} tasks are on both tablets`);
  return { one, two, stranger, tasks };
}

/** One tablet starts a visit that the other will edit too; a second record has mistakes. */
async function fillOffline({ one, two, tasks }) {
  say('Offline: one fills a visit from a task, with a photo; the other fills a visit with mistakes.');
  const task = tasks.find((each) => each.form === FORM);
  const signature = await one.photograph(randomBytes(4_000), 'image/png');
  const photo = await one.photograph(randomBytes(300_000));
  const answers = visit(task.answers.enterprise, signature);
  answers.closing.photos = [photo];
  const shared = await one.fill(FORM, answers, { task: task._id });

  const wrong = visit(task.answers.enterprise, await two.photograph(randomBytes(4_000), 'image/png'));
  delete wrong.visitors;
  wrong.visited_on = '2999-01-01';
  wrong.survey.workers = -5;
  const invalid = await two.fill(FORM, wrong);
  return { shared, invalid, photo };
}

async function meetOnce({ one, two, shared }) {
  say('Both reconnect for a moment, so that the visit is on both tablets; then they go offline again.');
  assert.deepEqual(await one.sync(), []);
  assert.deepEqual(await two.sync(), []);
  await until(async () => {
    await two.pull();
    return two.mailbox.get(shared).catch(() => null);
  }, 'the visit on the other tablet');
  shown('the visit made on one tablet is on the other');
}

/** The same record on both: different fields, and one field that both change. */
async function editApart({ one, two, shared }) {
  say('Offline: both edit that visit, in different fields and in one same field.');
  const row = ulid();
  await one.edit(shared, (answers) => {
    answers.survey.workers = 135;
    answers.closing.satisfaction = 'very_satisfied';
    return answers;
  }, '补充人数');
  await two.edit(shared, (answers) => {
    answers.closing.satisfaction = 'fair';
    answers.closing.remarks = '企业希望增加政策宣讲。';
    answers.opinions = [{ _row: row, opinion_kind: 'suggestion', opinion_matter: 'service', opinion_unit: options.unit, opinion: '希望增加一次政策宣讲。' }];
    return answers;
  });
  return row;
}

/** The record as the office shows it; `{}` while intake has not come to it yet. */
async function officeRecord(office, id) {
  return office(`records/${id}`).catch((error) => {
    if (error.status === 404) return {};
    throw error;
  });
}

/** Both push and pull until both hold one same revision, without conflicts, and the office holds it too. */
async function converge({ one, two, shared, office }) {
  say('Both reconnect. The service merges, judges and answers.');
  await Promise.all([one.sync(), two.sync()]);
  return until(async () => {
    await Promise.all([one.sync(), two.sync()]);
    const [mine, theirs] = await Promise.all([one, two].map((tablet) => tablet.mailbox.get(shared, { conflicts: true })));
    const record = await officeRecord(office, shared);
    const same = mine._rev === theirs._rev && mine._rev === record.rev && !mine._conflicts && !theirs._conflicts;
    return same && mine.edits.length === 3 && { mine, theirs, record };
  }, 'one revision everywhere');
}

async function checkMerge({ one, two, shared, row, mine, record, office }) {
  const [edits, theirEdits] = await Promise.all([one.edits(shared), two.edits(shared)]);
  assert.equal(edits.length, 3);
  assert.deepEqual(edits, theirEdits);
  shown('both tablets and the office hold the same revision, with all 3 edits in it');
  assert.equal(mine.answers.survey.workers, 135);
  assert.equal(mine.answers.closing.remarks, '企业希望增加政策宣讲。');
  assert.equal(mine.answers.opinions[0]._row, row);
  shown('the fields that did not collide hold both tablets’ answers');
  const last = edits.filter((edit) => '/closing/satisfaction' in edit.set).sort((a, b) => (a.at < b.at ? -1 : 1)).at(-1);
  assert.equal(mine.answers.closing.satisfaction, last.set['/closing/satisfaction']);
  assert.equal(record.answers.closing.satisfaction, last.set['/closing/satisfaction']);
  shown('the field that did keeps the later answer');
  const { items } = await office('cases?status=open');
  const found = items.filter((item) => item.record === shared);
  assert.equal(found.length, 1);
  const opened = await office(`cases/${found[0].id}`);
  assert.equal(opened.path, '/closing/satisfaction');
  assert.deepEqual(opened.heads.map((head) => head.value).sort(), ['fair', 'very_satisfied']);
  shown('and one case is open that shows both answers');
}

async function checkReceipts({ one, two, shared, invalid }) {
  const good = await until(async () => { await one.pull(); return one.receipt(shared); }, 'the receipt of the visit');
  assert.equal(good.verdict, 'accepted', JSON.stringify(good.errors));
  shown('the visit has a receipt: accepted');
  const bad = await until(async () => { await two.pull(); return two.receipt(invalid); }, 'the receipt of the wrong visit');
  assert.equal(bad.verdict, 'returned');
  const paths = bad.errors.map((error) => error.path);
  for (const path of ['/visitors', '/visited_on', '/survey/workers']) assert.ok(paths.includes(path), `${path} in ${paths}`);
  for (const error of bad.errors) assert.ok(error.label['zh-Hans'] && error.label.en && error.message['zh-Hans'] && error.message.en);
  shown('the visit with mistakes has one too: returned, and it says what is wrong in two languages:');
  for (const error of bad.errors) say(`      ${error.path}: ${error.message['zh-Hans']}\n        ${error.message.en}`);
  return { accepted: good, returned: bad };
}

async function checkPhoto({ two, photo, one }) {
  await until(async () => {
    await two.media.replicate.from(two.remote(`media-${two.team}`));
    return two.media.get(`media:${photo}`).catch(() => null);
  }, 'the photo on the other tablet');
  const [sent, came] = await Promise.all([one, two].map((tablet) => tablet.media.getAttachment(`media:${photo}`, 'file')));
  assert.ok(sent.equals(came));
  shown('the photo arrived on the other tablet, byte for byte');
}

async function checkStranger({ stranger, team, shared }) {
  say('A tablet of another team tries to look and to write.');
  await stranger.sync();
  assert.equal(await stranger.mailbox.get(shared).catch((error) => error.status), 404);
  shown('its own mailbox holds nothing of it');
  const { token } = stranger.session;
  const tries = [
    [`db/mailbox-${team}/_changes`], [`db/mailbox-${team}/${shared}`], [`db/media-${team}/_all_docs`], ['db/office'],
    [`db/mailbox-${team}/_bulk_docs`, { method: 'POST', json: { docs: [{ _id: 'record:x:1' }] } }], [`api/v1/records/${shared}`],
  ];
  for (const [path, request] of tries) {
    const refusal = await patiently(() => call(`${options.url}/${path}`, { token, ...request })).catch((error) => error);
    assert.ok(refusal instanceof Refusal, `${path} was let through`);
    assert.ok([403, 404].includes(refusal.status), `${path}: ${refusal.status}`);
    assert.equal(typeof refusal.body.error, 'string');
    assert.ok(refusal.body.reason.length > 0 && 'details' in refusal.body, path);
  }
  await until(async () => {
    const push = await stranger.reference.replicate.to(stranger.remote(`mailbox-${team}`)).catch((error) => error);
    assert.ok(!push.ok, 'replication to the other mailbox was let through');
    return [401, 403, 404].includes(push.status);
  }, 'replication to the other mailbox to be refused');
  shown(`its ${tries.length + 1} attempts are refused, each with a clear error`);
}

async function main() {
  say(`Meeting at ${options.url}; who does not answer is waited for, up to a minute.`);
  const [name, password] = credentials(options.office);
  const { token } = await patiently(() => call(`${options.url}/api/v1/session`, { method: 'POST', json: { name, password } }));
  const office = (path) => patiently(() => call(`${options.url}/api/v1/${path}`, { token }));

  const tablets = await signInAll();
  const { rows } = await tablets.one.reference.allDocs({ startkey: 'entity:unit:', endkey: 'entity:unit:\ufff0', limit: 1 });
  options.unit = rows[0].id;
  const filled = { ...tablets, ...(await fillOffline(tablets)), office, team: tablets.one.team };
  await meetOnce(filled);
  filled.row = await editApart(filled);
  Object.assign(filled, await converge(filled));
  await checkMerge(filled);
  const receipts = await checkReceipts(filled);
  await checkPhoto(filled);
  await checkStranger(filled);
  await Promise.all([tablets.one, tablets.two, tablets.stranger].map((tablet) => tablet.close()));
  if (options.json) console.log(JSON.stringify({ shared: filled.shared, invalid: filled.invalid, rev: filled.mine._rev, receipts }));
  say('All of it holds.');
}

/** What is said of a failure: a claim that does not hold, nobody there, or else all that is known. @param {any} error */
function told(error) {
  if (error instanceof assert.AssertionError) return `✗ ${error.message}`;
  return error?.message === 'fetch failed' ? `✗ Nothing answers at ${options.url}: start it with \`make run\`, or give --url.` : error;
}

main().catch((error) => {
  console.error(told(error));
  process.exit(1);
});
