/**
 * Starting from a pack (law 27): all that a database holds, loaded in one go, and the checkpoints of both directions
 * written so that replication goes on behind it. docs/packs.md has the format.
 */

/**
 * @typedef {import('./db.js').Database} Database
 * @typedef {import('./db.js').Doc} Doc
 * @typedef {import('../vendor/pouchdb.js').ReplicateOptions} ReplicateOptions
 * @typedef {{documents: number, of: number, bytes: number, size: number}} Progress `of` and `size` are what is expected
 * @typedef {(headers: Record<string, string>) => Promise<Response>} Get asks for the pack, or for a range of it
 * @typedef {object} Options
 * @property {(progress: Progress) => void} told
 * @property {(failures: number) => Promise<void>} pause before another attempt; rejects where there is to be none
 */

const FORMAT = 1;
const BATCH = 500;

/** The pack cannot be used; `status` is the HTTP status, 0 where the file itself is at fault. */
export class PackError extends Error {
  /** @param {string} message @param {number} [status] */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/**
 * Load a pack into a database in which nothing was written on this tablet. Loading it again, or the rest of it, is
 * harmless: a revision that is there stays as it is.
 * @param {Database} local @param {Get} get @param {Options} options
 * @returns {Promise<unknown>} where the changes feed goes on; raises `PackError`, or what `pause` rejects with
 */
export async function loadPack(local, get, options) {
  const progress = { documents: 0, of: 0, bytes: 0, size: 0 };
  const told = () => options.told({ ...progress });
  const stream = streamOf(download(get, options, progress, told));
  const reader = new LeafReader();
  /** @type {Doc[]} */
  let batch = [];
  for await (const line of linesOf(stream)) {
    const leaf = reader.read(line);
    if (leaf) batch.push(leaf);
    if (batch.length < BATCH) continue;
    await store(local, batch);
    batch = [];
    Object.assign(progress, reader.counted());
    told();
  }
  await store(local, batch);
  Object.assign(progress, reader.counted());
  told();
  return reader.end();
}

/**
 * Write both checkpoints, before anything is written on this tablet: what came by the pack is neither fetched again nor
 * offered back.
 * @param {Database} local @param {Database} remote @param {unknown} since as the pack says
 * @param {{pull: ReplicateOptions, push: ReplicateOptions | null}} options as they will be for ever: a checkpoint
 *   belongs to its selector. No push where nothing is ever sent
 */
export async function join(local, remote, since, { pull, push }) {
  await local.replicate.from(remote, { ...pull, live: false, since });
  if (!push) return;
  const { update_seq } = await local.info();
  await local.replicate.to(remote, { ...push, live: false, since: update_seq });
}

/** @param {Database} local @param {Doc[]} docs */
async function store(local, docs) {
  if (!docs.length) return;
  const refused = (await local.bulkDocs({ docs, new_edits: false })).find(({ error }) => error);
  if (refused) throw new PackError(`${refused.id}: ${refused.reason ?? refused.message}`);
}

/** The lines of a pack, as they come. */
class LeafReader {
  /** @type {{since: unknown, documents: number} | null} */
  #head = null;
  /** @type {{documents: number, leaves: number} | null} */
  #end = null;
  #leaves = 0;
  #documents = 0;
  #id = '';

  /** @param {string} line @returns {Doc | null} the leaf, where it is one */
  read(line) {
    const value = parsed(line);
    if (!this.#head) {
      if (value.pack !== FORMAT) throw new PackError('no pack of a format that this app knows');
      this.#head = value;
      return null;
    }
    if (value.end) {
      this.#end = value.end;
      return null;
    }
    this.#leaves += 1;
    if (value._id !== this.#id) this.#documents += 1;
    this.#id = value._id;
    return value;
  }

  counted() {
    return { documents: this.#documents, of: Math.max(this.#documents, this.#head?.documents ?? 0) };
  }

  /** Where the feed goes on; raises where the file is not whole. */
  end() {
    if (!this.#head || this.#end?.leaves !== this.#leaves) throw new PackError('the pack was cut short');
    return this.#head.since;
  }
}

/** @param {string} line */
function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    throw new PackError('a line of the pack is no JSON');
  }
}

/**
 * The bytes of the pack. Where the connection breaks the rest is asked for; where the pack is another one by then, it
 * fails, and whoever loads it starts over.
 * @param {Get} get @param {Options} options @param {Progress} progress @param {() => void} told
 */
async function* download(get, { pause }, progress, told) {
  let etag = '';
  for (let failures = 0; ; ) {
    try {
      const response = await get(etag ? { range: `bytes=${progress.bytes}-`, 'if-range': etag } : {});
      check(response, etag !== '');
      etag ||= response.headers.get('etag') ?? '';
      progress.size ||= Number(response.headers.get('content-length') ?? 0);
      for await (const chunk of chunksOf(/** @type {ReadableStream<Uint8Array>} */ (response.body))) {
        progress.bytes += chunk.length;
        failures = 0;
        told();
        yield chunk;
      }
      return;
    } catch (error) {
      if (error instanceof PackError && error.status !== 503) throw error;
      if (progress.bytes && !etag) throw error;
      await pause((failures += 1));
    }
  }
}

/** @param {Response} response @param {boolean} rest */
function check(response, rest) {
  if (!response.ok) throw new PackError(`status ${response.status}`, response.status);
  if (rest && response.status !== 206) throw new PackError('the pack has changed meanwhile', 412);
}

/** @param {ReadableStream<Uint8Array>} body */
async function* chunksOf(body) {
  const reader = body.getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** @param {AsyncGenerator<Uint8Array>} chunks @returns {ReadableStream<Uint8Array<ArrayBuffer>>} */
function streamOf(chunks) {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(/** @type {Uint8Array<ArrayBuffer>} */ (value));
    },
    cancel: () => void chunks.return(undefined),
  });
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} packed */
async function* linesOf(packed) {
  const text = packed.pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream());
  const reader = text.getReader();
  let rest = '';
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      const lines = (rest + step.value).split('\n');
      rest = /** @type {string} */ (lines.pop());
      yield* lines;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
  if (rest) yield rest;
}
