/** What is wrong with a record's answers, in the order of the form, each with its sentence. */

import { byCodePoint } from './heads.js';

/**
 * @typedef {import('./form.js').Form} Form
 * @typedef {import('./form.js').Field} Field
 * @typedef {import('./form.js').Texts} Texts
 * @typedef {import('./values.js').Fault} Fault
 * @typedef {{path: string, code: string, params: Record<string, any>, label: Texts, message: Texts}} Problem
 * @typedef {Record<string, Texts>} Catalogue the sentences of schemas/messages.json
 */

/** @param {Form} form @param {Map<string, Fault>} faults @param {Catalogue} messages @returns {Problem[]} */
export function problemsOf(form, faults, messages) {
  const placed = [...faults].map(([path, found]) => {
    const field = form.field(path);
    return { path, found, field, place: form.position.get(field?.path ?? '') ?? form.position.size };
  });
  placed.sort((a, b) => a.place - b.place || byCodePoint(a.path, b.path));
  return placed.map(({ path, found, field }) => problem(field, path, found, messages));
}

/** @param {Field | null} field @param {string} path @param {Fault} found @param {Catalogue} messages @returns {Problem} */
function problem(field, path, { code, params }, messages) {
  const label = field?.label ?? {};
  const own = field ? ownSentence(field, code) : null;
  return {
    path, code, params, label,
    /** Put together when it is read: of hundreds of questions that wait for an answer, few say so at a time. */
    get message() {
      return own ?? sentence(messages[code] ?? {}, { ...params, path }, label);
    },
  };
}

/** What the form itself says of it, or null. @param {Field} field @param {string} code @returns {Texts | null} */
function ownSentence(field, code) {
  const own = code === 'constraint' ? field.message : code === 'required' ? field.required_message : {};
  return Object.keys(own).length ? own : null;
}

/** @param {Texts} texts @param {Record<string, any>} params @param {Texts} label @returns {Texts} */
function sentence(texts, params, label) {
  const labelIn = (/** @type {string} */ language) => label[language] || Object.values(label)[0] || '';
  const fill = (/** @type {string} */ text, /** @type {Record<string, any>} */ all) =>
    Object.entries(all).reduce((said, [name, value]) => said.replaceAll(`{${name}}`, String(value)), text);
  return Object.fromEntries(Object.entries(texts).map(([language, text]) => [language, fill(text, { ...params, label: labelIn(language) })]));
}
