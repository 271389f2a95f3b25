/**
 * What this tablet keeps for itself and never replicates: keys that cannot be exported, the profile, drafts, pictures of
 * drafts, and what is known about sending. One IndexedDB database, a few named stores, plain get and put.
 */

const NAME = 'rounds-vault';
const VERSION = 2;
const STORES = /** @type {const} */ (['settings', 'keys', 'drafts', 'pictures', 'pending', 'refused', 'outbox']);

/** @typedef {typeof STORES[number]} StoreName */

/** @type {Promise<IDBDatabase> | undefined} */
let opening;

/** The next access opens anew. */
function forgetOpening() {
  opening = undefined;
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const there = request.result.objectStoreNames;
      for (const store of STORES) if (!there.contains(store)) request.result.createObjectStore(store);
    };
    request.onsuccess = () => {
      request.result.onclose = forgetOpening;
      request.result.onversionchange = () => {
        request.result.close();
        forgetOpening();
      };
      resolve(request.result);
    };
    request.onerror = () => {
      forgetOpening();
      reject(request.error);
    };
  });
  return opening;
}

/**
 * @template T
 * @param {StoreName} store
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>} once the transaction is complete, so that what was put is there after a crash
 */
async function within(store, mode, work) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

/** The value under `key`, or undefined. @param {StoreName} store @param {string} key @returns {Promise<any>} */
export const read = (store, key) => within(store, 'readonly', (it) => it.get(key));

/** Keep `value` under `key`. @param {StoreName} store @param {string} key @param {unknown} value */
export const keep = (store, key, value) => within(store, 'readwrite', (it) => it.put(value, key));

/** Forget `key`. @param {StoreName} store @param {string} key */
export const forget = (store, key) => within(store, 'readwrite', (it) => it.delete(key));

/**
 * Every key and value whose key begins with `prefix`.
 * @param {StoreName} store @param {string} prefix @returns {Promise<[string, any][]>}
 */
export async function entries(store, prefix) {
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  const [keys, values] = await Promise.all([
    within(store, 'readonly', (it) => it.getAllKeys(range)),
    within(store, 'readonly', (it) => it.getAll(range)),
  ]);
  return keys.map((key, index) => [String(key), values[index]]);
}

/** Forget every key that begins with `prefix`. @param {StoreName} store @param {string} prefix */
export const forgetAll = (store, prefix) =>
  within(store, 'readwrite', (it) => it.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`)));
