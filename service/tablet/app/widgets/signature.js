/** A signature, drawn with finger, pen or mouse. */
import { html, LitElement } from '../../vendor/lit.js';
import { t } from '../i18n.js';
import { encoded } from '../pictures.js';

const WIDTH = 900;
const HEIGHT = 300;
const STROKE = 5;

class SignaturePad extends LitElement {
  static properties = { question: { attribute: false }, value: { attribute: false }, drawing: { state: true } };

  constructor() {
    super();
    /** @type {import('./question.js').Question} */
    this.question = /** @type {any} */ (null);
    /** @type {string | undefined} */
    this.value = undefined;
    this.drawing = false;
    /** @type {{x: number, y: number} | null} */
    this.last = null;
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { filler, id, readonly } = this.question;
    if (this.value && !this.drawing) {
      return html`<div class="signed"><rounds-picture .pictures=${filler.desk.pictures} .team=${filler.draft.team} .digest=${this.value}></rounds-picture>
        ${readonly ? '' : html`<button type="button" class="link" @click=${() => this.clear()}>${t('fill.sign_again')}</button>`}</div>`;
    }
    return html`<canvas id=${id} class="pad" tabindex="0" width=${WIDTH} height=${HEIGHT} aria-label=${t('fill.sign_here')}
      @pointerdown=${this.begin} @pointermove=${this.move} @pointerup=${this.end} @pointercancel=${this.end}></canvas>
      <div class="buttons"><span class="hint">${t('fill.sign_here')}</span>
      ${this.drawing ? html`<button type="button" class="link" @click=${() => this.clear()}>${t('fill.clear')}</button>` : ''}</div>`;
  }

  get canvas() {
    return this.querySelector('canvas');
  }

  /** @param {PointerEvent} event */
  place(event) {
    const canvas = /** @type {HTMLCanvasElement} */ (event.target);
    const box = canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * WIDTH, y: ((event.clientY - box.top) / box.height) * HEIGHT };
  }

  /** @param {PointerEvent} event */
  begin(event) {
    event.preventDefault();
    /** @type {HTMLCanvasElement} */ (event.target).setPointerCapture(event.pointerId);
    this.drawing = true;
    this.last = this.place(event);
    this.line(this.last);
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.last) this.line(this.place(event));
  }

  /** @param {{x: number, y: number}} to */
  line(to) {
    const context = this.canvas?.getContext('2d');
    if (!context || !this.last) return;
    // Always ink on paper, so that it can be read in letters, whatever the theme is.
    Object.assign(context, { lineWidth: STROKE, lineCap: 'round', lineJoin: 'round', strokeStyle: '#1c1b1a' });
    context.beginPath();
    context.moveTo(this.last.x, this.last.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.last = to;
  }

  async end() {
    if (!this.last || !this.canvas) return;
    this.last = null;
    const { question } = this;
    question.filler.work(1);
    try {
      question.set(await question.filler.desk.pictures.add(await encoded(this.canvas, 'image/png')));
    } catch (error) {
      this.clear();
      question.filler.app.toasts.say(t('fill.not_saved', { why: /** @type {Error} */ (error).message }));
    } finally {
      question.filler.work(-1);
      question.touch();
    }
  }

  clear() {
    this.drawing = false;
    this.canvas?.getContext('2d')?.clearRect(0, 0, WIDTH, HEIGHT);
    this.question.set(undefined);
  }
}

customElements.define('rounds-signature', SignaturePad);
