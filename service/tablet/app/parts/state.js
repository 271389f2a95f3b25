/** A record's state as it is shown everywhere: glyph and word. */
import { html } from '../../vendor/lit.js';
import { t } from '../i18n.js';
import { GLYPHS } from '../state.js';

/** @param {import('../state.js').RecordState} state */
export const stateMark = (state) => html`<span class="state" data-state=${state}><span class="glyph" aria-hidden="true">${GLYPHS[state]}</span> ${t(`state.${state}`)}</span>`;
