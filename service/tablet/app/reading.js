/** Answers as a person reads them. */
import { pick, t } from './i18n.js';
import { isMonthly } from './core/values.js';
import { showDate, showMoment, showMonth } from './format.js';
import { isEmpty, valueAt } from './values.js';

/**
 * @typedef {import('./catalogue.js').Form} Form
 * @typedef {import('./catalogue.js').Lookup} Lookup
 * @typedef {import('./core/form.js').Field} Field
 */

/** What is chosen, as it is called. @param {any} name @param {Field} field @param {Lookup} catalogue */
export function choiceText(name, field, catalogue) {
  const label = field.choices.find((choice) => choice.name === name)?.label;
  return label || !field.entity ? pick(label, name) : entityName(catalogue, String(name));
}

/** @param {Lookup} catalogue @param {string} id */
function entityName(catalogue, id) {
  const entity = catalogue.entity(id);
  return entity ? pick(entity.names, entity.name) : t('value.loading');
}

/** @type {Record<string, (value: any, field: Field, catalogue: Lookup) => string>} */
const READERS = {
  date: (value, field) => readDate(String(value), field.appearance.split(/\s+/)),
  datetime: (value) => (Number.isNaN(Date.parse(value)) ? String(value) : showMoment(Date.parse(value))),
  boolean: (value) => (value === true ? t('value.yes') : value === false ? t('value.no') : String(value)),
  select_one: choiceText,
  select_many: (value, field, catalogue) => many(value).map((each) => choiceText(each, field, catalogue)).join(t('value.and')),
  rank: (value, field, catalogue) => many(value).map((each, index) => `${index + 1}. ${choiceText(each, field, catalogue)}`).join('  '),
  entity: choiceText,
  geopoint: (value) => readPoint(value),
  geotrace: (value) => t('value.points', { count: many(value).length }),
  geoshape: (value) => t('value.points', { count: many(value).length }),
};

/** @param {string} value @param {string[]} looks */
function readDate(value, looks) {
  if (isMonthly(looks) && value.endsWith('-01')) return showMonth(value);
  return looks.includes('year') && value.endsWith('-01-01') ? value.slice(0, 4) : showDate(value);
}

/** @param {any} value @returns {any[]} */
const many = (value) => (Array.isArray(value) ? value : [value]);

/** @param {any} value */
function readPoint(value) {
  if (!value || typeof value !== 'object') return String(value);
  const place = `${value.lat}, ${value.lon}`;
  return value.accuracy ? `${place} ${t('value.accuracy', { metres: value.accuracy })}` : place;
}

/** One answer as text; pictures and rows are shown otherwise. @param {Field} field @param {any} value @param {Lookup} catalogue */
export function readable(field, value, catalogue) {
  if (isEmpty(value)) return '';
  return (READERS[field.type] ?? String)(value, field, catalogue);
}

/** What a record is called: its form's summary fields. @param {Form} form @param {any} values @param {Lookup} catalogue @returns {string[]} */
export function summaryOf(form, values, catalogue) {
  return form.summary
    .map((path) => {
      const field = form.field(path);
      return field ? readable(field, valueAt(values, path), catalogue) : '';
    })
    .filter(Boolean);
}
