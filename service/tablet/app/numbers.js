/** Numbers as people type them. */

/** Full-width figures, as a Chinese keyboard types them, are figures too. @param {string} value */
const narrow = (value) => value.normalize('NFKC').replace(/[−–]/g, '-').trim();

/** The integer that was typed; what is none is kept as it is, for the judge to say so. @param {string} entered @returns {number | string | undefined} */
export function parseInteger(entered) {
  const plain = narrow(entered);
  return /^-?\d+$/.test(plain) && Number.isSafeInteger(Number(plain)) ? Number(plain) : plain || undefined;
}

/** A decimal in its normal form as far as it is one. @param {string} entered @returns {string | undefined} */
export function parseDecimal(entered) {
  const plain = narrow(entered).replace(/^(-?)\./, '$10.');
  return plain || undefined;
}
