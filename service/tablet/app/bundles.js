/** What has not been sent, as one file: for a stick, a cable, or whatever this tablet can share to. */
import { assembled, signedText } from './core/bundle.js';
import { sha256 } from './core/canonical.js';
import { signText } from './core/signature.js';
import { ulid } from './core/ulid.js';
import { attachment, documents, unsentLeaves } from './db.js';
import { isoDate } from './format.js';
import { VERSION } from './version.js';

/**
 * @typedef {import('./sync.js').Sync} Sync
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./session.js').Profile} Profile
 * @typedef {import('./core/bundle.js').Entry} Entry
 * @typedef {import('./core/sealing.js').Seal} Seal
 * @typedef {import('./core/signature.js').PublicJwk} PublicJwk
 * @typedef {{entry: Entry, body: Blob}} Piece
 * @typedef {{file: File, documents: number, files: number}} Saved
 */

const TYPE = 'application/octet-stream';

/**
 * Text first, pictures after, as when they are sent.
 * @param {Sync} sync @param {Session} session
 * @param {{seal: Seal | null, told: (done: number) => void}} options `told` hears how many bytes have been sealed
 * @returns {Promise<Saved>} what stays unsent until the office has said that it has it
 */
export async function bundleOf(sync, session, { seal, told }) {
  /** @type {Piece[]} */
  const pieces = [];
  for (const { database, id } of pending(sync)) pieces.push(...(await piecesOf(sync, database, id)));
  const { user, device } = /** @type {Profile} */ (session.profile);
  const made = new Date();
  const entries = pieces.map(({ entry }) => entry);
  const manifest = { bundle: ulid(), made_at: made.toISOString(), by: user.name, device, app: VERSION, entries };
  const sig = await signText(signedText(manifest), await session.signingKey());
  const blob = await assembled(manifest, sig, pieces.map(({ body }) => body), seal, told);
  const documents = entries.filter(({ attachment: name }) => !name).length;
  return { file: new File([blob], nameOf(user.name, made), { type: TYPE }), documents, files: entries.length - documents };
}

/** The key that only the office opens what is sealed to it with, or null where it has published none. @param {Sync} sync @returns {Promise<PublicJwk | null>} */
export async function officeKey(sync) {
  const devices = await documents(sync.local(sync.profile.databases.reference), 'device:');
  return devices.find(({ sealing_key: key, revoked }) => key && !revoked)?.sealing_key ?? null;
}

/** @param {Sync} sync */
function pending(sync) {
  return sync.unsent.all().sort((a, b) => Number(b.database.startsWith('mailbox-')) - Number(a.database.startsWith('mailbox-')));
}

/** @param {Sync} sync @param {string} database @param {string} id @returns {Promise<Piece[]>} */
async function piecesOf(sync, database, id) {
  const db = sync.local(database);
  const pieces = [];
  for (const leaf of await unsentLeaves(db, id)) {
    const body = new Blob([JSON.stringify(leaf)]);
    const rev = String(leaf._rev);
    const entry = { database, id, rev, bytes: body.size, sha256: await sha256(await body.arrayBuffer()) };
    const file = leaf._attachments ? await attachment(db, id) : null;
    pieces.push({ entry, body });
    // A picture is called by its digest, which was made when it was taken.
    if (file) pieces.push({ entry: { database, id, rev, bytes: file.size, sha256: id.replace(/^media:/, ''), attachment: 'file' }, body: file });
  }
  return pieces;
}

/** @param {string} user @param {Date} made */
function nameOf(user, made) {
  const time = made.toTimeString().slice(0, 5).replace(':', '');
  return `rounds-${user}-${isoDate(made)}-${time}.rounds`;
}
