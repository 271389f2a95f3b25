/** How a form is laid out on the screen: each outermost group or repeat is a section, and so is what stands between them. */

/**
 * @typedef {import('./core/form.js').Form} Form
 * @typedef {import('./core/form.js').Field} Field
 * @typedef {{id: string, title: import('./i18n.js').Texts | null, fields: Field[]}} Section `title` null: loose questions
 */

/** @param {Form} form @returns {Section[]} */
export function sectionsOf(form) {
  /** @type {Section[]} */
  const sections = [];
  for (const field of form.fields) {
    const id = `section-${field.name}`;
    const last = sections.at(-1);
    if (field.type === 'group' || field.type === 'repeat') sections.push({ id, title: field.label, fields: [field] });
    else if (last && !last.title) last.fields.push(field);
    else sections.push({ id, title: null, fields: [field] });
  }
  return sections;
}
