/** Short notes at the foot of the screen, each with at most one thing to do, which is most often to undo. */
import { html, repeat } from '../vendor/lit.js';

/** @typedef {{id: number, text: string, action: string | null, act: () => void, timer: number}} Toast */

const SHOWN_MS = 8_000;

export class Toasts {
  /** @type {Toast[]} */
  #shown = [];
  #last = 0;

  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
  }

  /**
   * @param {string} text
   * @param {{action?: string, act?: () => void, gone?: () => void}} [options] `gone`: it went away and nothing was done
   */
  say(text, { action, act, gone } = {}) {
    const id = (this.#last += 1);
    const timer = setTimeout(() => {
      this.#drop(id);
      gone?.();
    }, SHOWN_MS);
    this.#shown = [...this.#shown.slice(-1), { id, text, action: action ?? null, act: act ?? (() => undefined), timer: Number(timer) }];
    this.changed();
  }

  /** @param {number} id */
  #drop(id) {
    this.#shown = this.#shown.filter((toast) => toast.id !== id);
    this.changed();
  }

  /** @param {Toast} toast */
  #act(toast) {
    clearTimeout(toast.timer);
    this.#drop(toast.id);
    toast.act();
  }

  render() {
    return html`<div class="toasts" role="status" aria-live="polite">
      ${repeat(this.#shown, (toast) => toast.id, (toast) => html`<div class="toast">
        <span>${toast.text}</span>
        ${toast.action ? html`<button type="button" class="link" @click=${() => this.#act(toast)}>${toast.action}</button>` : ''}
      </div>`)}
    </div>`;
  }
}
