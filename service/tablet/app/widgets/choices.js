/** Choosing: one, several, yes or no, an order. Every choice is a whole line to touch. */
import { html, live } from '../../vendor/lit.js';
import { pick, t } from '../i18n.js';
import { shown } from './shown.js';

/** @typedef {import('./question.js').Question} Question */
/** @typedef {{name: string, label: unknown, media?: import('../core/form.js').Media}} Offered */

/** @param {Question} it @returns {Offered[]} */
const offered = ({ filler, field, path }) => filler.judgement.offered(field, path).map(({ name, label, media }) => ({ name, label: pick(label, name), media }));

/** @param {Offered[]} choices */
const columns = (choices) => (choices.length > 5 ? 'choices many' : 'choices');

/**
 * @param {Question} it @param {Offered[]} choices @param {'radio' | 'checkbox'} type
 * @param {(name: string) => boolean} isChosen @param {(name: string, on: boolean) => void} choose
 */
function list(it, choices, type, isChosen, choose) {
  const { id, readonly, field } = it;
  const kind = field.appearance.includes('likert') ? 'choices likert' : columns(choices);
  return html`<div class=${kind} role=${type === 'radio' ? 'radiogroup' : 'group'} aria-labelledby="${id}-label" aria-describedby=${it.described}>
    ${choices.map(({ name, label, media }) => html`<label class="choice"><input type=${type} name=${id} .checked=${live(isChosen(name))} ?disabled=${readonly}
      @change=${(/** @type {Event} */ event) => choose(name, /** @type {HTMLInputElement} */ (event.target).checked)}
      @click=${() => type === 'radio' && isChosen(name) && it.set(undefined)}><span>${label}${shown(it.filler, media, true)}</span></label>`)}</div>`;
}

/** @param {Question} it */
export const selectOne = (it) => list(it, offered(it), 'radio', (name) => it.value === name, (name) => it.set(name));

/** @param {Question} it */
export function selectMany(it) {
  const chosen = Array.isArray(it.value) ? it.value : [];
  const choices = offered(it);
  /** @param {string} name @param {boolean} on */
  const choose = (name, on) => {
    // In the order of the form, whatever the order of the taps.
    const next = choices.map((choice) => choice.name).filter((each) => (each === name ? on : chosen.includes(each)));
    it.set(next.length ? next : undefined);
  };
  return list(it, choices, 'checkbox', (name) => chosen.includes(name), choose);
}

/** @param {Question} it */
export function boolean(it) {
  const choices = [{ name: 'yes', label: t('value.yes') }, { name: 'no', label: t('value.no') }];
  return list(it, choices, 'radio', (name) => it.value === (name === 'yes'), (name) => it.set(name === 'yes'));
}

/** @param {Question} it */
export function rank(it) {
  const names = offered(it).map(({ name }) => name);
  const known = new Map(offered(it).map((choice) => [choice.name, choice]));
  const ordered = Array.isArray(it.value) ? it.value : [];
  const order = ordered.length ? ordered : names;
  /** @param {number} from @param {number} to */
  const move = (from, to) => {
    const next = [...order];
    next.splice(to, 0, ...next.splice(from, 1));
    it.set(next);
  };
  return html`<ol class="rank">${order.map((name, index) => html`<li><span>${known.get(name)?.label ?? name}${shown(it.filler, known.get(name)?.media, true)}</span>
    <button type="button" class="icon-button" ?disabled=${index === 0} aria-label=${t('fill.up')} @click=${() => move(index, index - 1)}>↑</button>
    <button type="button" class="icon-button" ?disabled=${index === order.length - 1} aria-label=${t('fill.down')} @click=${() => move(index, index + 1)}>↓</button></li>`)}</ol>
    ${ordered.length ? '' : html`<button type="button" class="link" @click=${() => it.set(names)}>${t('fill.keep_order')}</button>`}`;
}
