/** Photos and other files: taken or picked, shown small, removed with a way back. */
import { html, LitElement, repeat } from '../../vendor/lit.js';
import { t } from '../i18n.js';
import { PictureError, reduced } from '../pictures.js';

/** @type {Record<string, {accept: string, capture: string | null}>} */
const KINDS = {
  photo: { accept: 'image/*', capture: 'environment' },
  audio: { accept: 'audio/*', capture: 'microphone' },
  video: { accept: 'video/*', capture: 'environment' },
  file: { accept: '', capture: null },
};

class FileChooser extends LitElement {
  static properties = { question: { attribute: false }, value: { attribute: false }, busy: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {import('./question.js').Question} */
    this.question = /** @type {any} */ (null);
    /** @type {string[] | undefined} */
    this.value = undefined;
    this.busy = 0;
    this.problem = '';
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { field, filler, readonly } = this.question;
    const digests = this.value ?? [];
    const full = digests.length >= field.max_files;
    return html`<div class="files">
      ${repeat(digests, (digest) => digest, (digest) => html`<div class="file">
        <rounds-picture .pictures=${filler.desk.pictures} .team=${filler.draft.team} .digest=${digest} .photo=${field.type === 'photo'}></rounds-picture>
        ${readonly ? '' : html`<button type="button" class="remove" aria-label=${t('fill.remove_file')} @click=${() => this.takeAway(digest)}>✕</button>`}</div>`)}
      ${this.busy ? html`<div class="file busy" role="status">${t('fill.file_busy')}</div>` : ''}
    </div>
    ${readonly || full ? '' : this.buttons()}
    <p class="hint">${t('fill.files_count', { count: digests.length, max: field.max_files })}</p>
    ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ''}`;
  }

  buttons() {
    const { field, id } = this.question;
    const { accept, capture } = KINDS[field.type];
    return html`<div class="buttons">
      ${capture ? html`<label class="secondary">${t(`fill.capture_${field.type}`)}<input class="unseen" type="file" accept=${accept} capture=${capture} @change=${this.take}></label>` : ''}
      <label class="secondary">${t(`fill.pick_${field.type}`)}<input id=${id} class="unseen" type="file" accept=${accept} multiple @change=${this.take}></label></div>`;
  }

  /** @param {Event} event */
  async take(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const chosen = [...(input.files ?? [])];
    input.value = '';
    this.problem = '';
    for (const file of chosen.slice(0, this.room())) await this.add(file);
  }

  room() {
    return this.question.field.max_files - (this.value?.length ?? 0);
  }

  /** @param {File} file */
  async add(file) {
    const { question } = this;
    this.busy += 1;
    question.filler.work(1);
    try {
      const blob = question.field.type === 'photo' ? await reduced(file) : file;
      const digest = await question.filler.desk.pictures.add(blob);
      // Answers may have changed meanwhile: what is there now counts, not what was there when this began.
      const now = question.filler.valueAt(question.field, question.path) ?? [];
      if (!now.includes(digest)) question.set([...now, digest]);
    } catch (error) {
      this.problem = error instanceof PictureError ? t(error.code) : t('fill.not_saved', { why: /** @type {Error} */ (error).message });
    } finally {
      this.busy -= 1;
      question.filler.work(-1);
      question.touch();
    }
  }

  /** @param {string} digest */
  takeAway(digest) {
    const { question } = this;
    const before = this.value ?? [];
    const rest = before.filter((each) => each !== digest);
    question.set(rest.length ? rest : undefined);
    question.filler.app.toasts.say(t('fill.file_removed'), { action: t('undo'), act: () => question.set(before) });
  }
}

/** One file by its digest: a small picture, or its name where it is none or not to be had. */
class Picture extends LitElement {
  static properties = { digest: { attribute: false }, team: { attribute: false }, pictures: { attribute: false }, photo: { attribute: false }, address: { state: true } };

  constructor() {
    super();
    this.digest = '';
    this.team = '';
    /** @type {Pick<import('../pictures.js').Pictures, 'address'>} */
    this.pictures = /** @type {any} */ (null);
    this.photo = true;
    /** @type {string | null | undefined} undefined: not known yet */
    this.address = undefined;
    this.why = 'picture.absent';
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('digest')) return;
    this.address = undefined;
    this.why = 'picture.absent';
    this.pictures.address(this.digest, this.team).then((address) => (this.address = address), (error) => {
      if (error instanceof PictureError) this.why = error.code;
      this.address = null;
    });
  }

  render() {
    if (this.address === undefined) return html`<span class="thumb">…</span>`;
    if (this.address === null) return html`<span class="thumb absent">${t(this.why)}</span>`;
    const shown = this.photo ? html`<img class="thumb" src=${this.address} alt=${t('picture.alt')}>` : html`<span class="thumb absent">${t('picture.open')}</span>`;
    return html`<a href=${this.address} target="_blank" rel="noopener">${shown}</a>`;
  }
}

customElements.define('rounds-files', FileChooser);
customElements.define('rounds-picture', Picture);
