/**
 * Pictures and other files: made small where they can be, named by their digest, kept with the draft, and moved to the
 * media database when the record is sent.
 */
import { attachment, document as documentOf, otherAttachments, store } from './db.js';
import { sha256 } from './core/canonical.js';
import { forget, keep, read } from './vault.js';

/**
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {{blob: Blob, content_type: string, length: number, taken_at: string}} Picture
 */

const LONGEST_SIDE = 1600;
const QUALITY = 0.82;
/** A file larger than this would not get through a weak network in one piece. */
export const FILE_BYTES = 20 * 1024 * 1024;

/** A file that cannot be used; `code` names the sentence. */
export class PictureError extends Error {
  /** @param {'picture.unreadable' | 'picture.too_large' | 'picture.wrong'} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** A photo as JPEG of at most 1600 pixels a side, upright. @param {Blob} file @returns {Promise<Blob>} */
export async function reduced(file) {
  const image = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => {
    throw new PictureError('picture.unreadable');
  });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  // JPEG has no transparency; what was clear becomes paper, not black.
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return encoded(canvas, 'image/jpeg');
}

/** @param {HTMLCanvasElement} canvas @param {string} type @returns {Promise<Blob>} */
export const encoded = (canvas, type) =>
  new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new PictureError('picture.unreadable'))), type, QUALITY);
  });

/** What an answer calls a file: its digest. @param {Blob} blob @returns {Promise<string>} raises `PictureError` for one that is too large */
export async function nameOf(blob) {
  if (blob.size > FILE_BYTES) throw new PictureError('picture.too_large');
  return sha256(new Uint8Array(await blob.arrayBuffer()));
}

const HARMLESS = /^(image\/(png|jpeg|gif|webp|avif|heic|heif)|audio\/|video\/|application\/pdf$)/;

export class Pictures {
  /** @type {Map<string, Promise<string | null>>} addresses of what was shown, by digest */
  #shown = new Map();

  /** @param {string} user @param {Sync} sync */
  constructor(user, sync) {
    this.user = user;
    this.sync = sync;
  }

  /** Keep a file with the draft. @param {Blob} blob @returns {Promise<string>} its digest, which is what an answer holds */
  async add(blob) {
    const digest = await nameOf(blob);
    const picture = { blob, content_type: blob.type || 'application/octet-stream', length: blob.size, taken_at: new Date().toISOString() };
    await keep('pictures', `${this.user}/${digest}`, picture);
    this.#shown.delete(digest);
    return digest;
  }

  /**
   * Move a draft's pictures to the media database, noting each as not yet sent. Those that another draft holds too stay.
   * @param {string[]} digests @param {string} team @param {ReadonlySet<string>} needed
   */
  async send(digests, team, needed) {
    const name = `media-${team}`;
    const { unsent, profile } = this.sync;
    for (const digest of digests) {
      const picture = /** @type {Picture | undefined} */ (await read('pictures', `${this.user}/${digest}`));
      if (!picture) continue;
      const id = `media:${digest}`;
      await unsent.note(name, id, null, picture.length);
      const db = this.sync.local(name);
      // One that another record has sent already is there; a second revision of it would travel for nothing.
      const rev = (await documentOf(db, id))?._rev ?? (await store(db, id, (current) => current ?? mediaDocument(id, team, profile.device, picture)));
      await unsent.note(name, id, rev, picture.length);
      if (!needed.has(digest)) await forget('pictures', `${this.user}/${digest}`);
    }
  }

  /** Throw a draft's pictures away, but those that another draft holds too. @param {string[]} digests @param {ReadonlySet<string>} needed */
  async drop(digests, needed) {
    for (const digest of digests) if (!needed.has(digest)) await forget('pictures', `${this.user}/${digest}`);
  }

  /**
   * An address to show a file by, or null where it is neither here nor, just now, to be had from the office. Raises
   * `PictureError` where what was stored under its name are other bytes.
   * @param {string} digest @param {string} team @returns {Promise<string | null>}
   */
  address(digest, team) {
    let found = this.#shown.get(digest);
    if (!found) {
      found = this.#find(digest, team).then((blob) => (blob ? URL.createObjectURL(blob) : null));
      this.#shown.set(digest, found);
      // Not to be had now is not for ever: the next look asks again.
      found.then((address) => address ?? this.#shown.delete(digest), () => this.#shown.delete(digest));
    }
    return found;
  }

  /** @param {string} digest @param {string} team @returns {Promise<Blob | null>} */
  async #find(digest, team) {
    const kept = await read('pictures', `${this.user}/${digest}`);
    if (kept) return kept.blob;
    const id = `media:${digest}`;
    const [local, remote] = [this.sync.local(`media-${team}`), this.sync.remote(`media-${team}`)];
    const here = await attachment(local, id);
    const winner = here ?? (await attachment(remote, id).catch(() => null));
    const found = winner && (await rightOne(winner, otherAttachments(here ? local : remote, id), digest));
    // What a colleague's device claims to be a page must not open as one of ours.
    return found && !HARMLESS.test(found.type) ? new Blob([found], { type: 'application/octet-stream' }) : found;
  }
}

/**
 * Whoever stores other bytes under a picture's name must not hide it. Raises `PictureError` where none is that picture.
 * @param {Blob} first @param {AsyncIterable<Blob>} others @param {string} digest
 */
async function rightOne(first, others, digest) {
  const isRight = async (/** @type {Blob} */ blob) => (await sha256(await blob.arrayBuffer())) === digest;
  if (await isRight(first)) return first;
  for await (const each of others) if (await isRight(each)) return each;
  throw new PictureError('picture.wrong');
}

/** @param {string} id @param {string} team @param {string} device @param {Picture} picture */
function mediaDocument(id, team, device, { blob, content_type, length, taken_at }) {
  return { _id: id, type: 'media', team, content_type, length, device, taken_at, _attachments: { file: { content_type, data: blob } } };
}
