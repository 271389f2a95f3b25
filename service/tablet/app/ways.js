/**
 * How databases are replicated, each time alike: a checkpoint belongs to its options. A tablet pushes by selector (law 26):
 * its own person's records and its own pictures. What it has of others came from there, and is not offered back.
 */

/** @typedef {import('../vendor/pouchdb.js').ReplicateOptions} ReplicateOptions */

const TEXT_BATCH = 50;
/** Pictures go one by one: each that has arrived need not be sent again. */
const PICTURE_BATCH = 1;

/** Everything that others have written. @type {ReplicateOptions} */
export const PULL = { live: true, retry: false };

/** Records that this person has a part in. @param {string} user @returns {ReplicateOptions} */
export const pushText = (user) => ({
  live: true,
  retry: false,
  selector: { type: 'record', edits: { $elemMatch: { by: user } } },
  batch_size: TEXT_BATCH,
});

/** Pictures taken here. @param {string} device @returns {ReplicateOptions} */
export const pushPictures = (device) => ({
  retry: false,
  selector: { type: 'media', device },
  batch_size: PICTURE_BATCH,
  batches_limit: 1,
});
