/** A position: taken from the device, or typed where it cannot be had. And a line or area of several. */
import { html, LitElement, live } from '../../vendor/lit.js';
import { isSamePlace } from '../core/values.js';
import { t } from '../i18n.js';
import { readable } from '../reading.js';

/** @typedef {{lat: string, lon: string, accuracy: string, altitude?: string}} Point decimal strings; degrees and metres */

const TIMEOUT_MS = 30_000;

/** @param {number} value @param {number} places */
const decimal = (value, places) => String(Number(value.toFixed(places)));

/** @returns {Promise<Point>} */
async function here() {
  const position = await new Promise((/** @type {(position: GeolocationPosition) => void} */ resolve, reject) => {
    navigator.geolocation.getCurrentPosition(resolve, reject, { enableHighAccuracy: true, timeout: TIMEOUT_MS, maximumAge: 0 });
  });
  const { latitude, longitude, accuracy, altitude } = position.coords;
  const point = { lat: decimal(latitude, 7), lon: decimal(longitude, 7), accuracy: decimal(accuracy, 1) };
  return altitude === null ? point : { ...point, altitude: decimal(altitude, 1) };
}

class Position extends LitElement {
  static properties = { question: { attribute: false }, value: { attribute: false }, busy: { state: true }, problem: { state: true }, manual: { state: true } };

  constructor() {
    super();
    /** @type {import('./question.js').Question} */
    this.question = /** @type {any} */ (null);
    /** @type {any} */
    this.value = undefined;
    this.busy = false;
    this.manual = false;
    this.problem = '';
  }

  createRenderRoot() {
    return this;
  }

  render() {
    const { field, filler, readonly, id } = this.question;
    const shown = this.value && !this.manual ? html`<div class="chosen"><span class="chosen-name figures">${readable(field, this.value, filler.desk.catalogue)}</span>
      ${readonly ? '' : html`<button type="button" class="link" @click=${() => this.question.set(undefined)}>${t('fill.clear')}</button>`}</div>` : '';
    return html`${shown}${this.manual ? this.typed() : ''}
      ${readonly ? '' : html`<div class="buttons"><button type="button" id=${id} class="secondary" ?disabled=${this.busy} @click=${() => this.locate()}>${t(this.busy ? 'fill.locating' : this.value ? 'fill.locate_again' : 'fill.locate')}</button>
        ${this.manual ? '' : html`<button type="button" class="link" @click=${() => (this.manual = true)}>${t('fill.locate_by_hand')}</button>`}</div>`}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ''}`;
  }

  typed() {
    const part = (/** @type {'lat' | 'lon'} */ name) => html`<label class="line">${t(`fill.${name}`)}<input inputmode="decimal" autocomplete="off" .value=${live(this.value?.[name] ?? '')}
      @input=${(/** @type {Event} */ event) => this.type(name, /** @type {HTMLInputElement} */ (event.target).value)}></label>`;
    return html`<div class="pair">${part('lat')}${part('lon')}</div>`;
  }

  /** @param {'lat' | 'lon'} name @param {string} entered */
  type(name, entered) {
    const { lat = '', lon = '' } = this.value ?? {};
    const next = { lat, lon, accuracy: '0', [name]: entered.normalize('NFKC').trim() };
    this.question.set(next.lat || next.lon ? next : undefined);
  }

  async locate() {
    this.busy = true;
    this.problem = '';
    this.manual = false;
    try {
      this.question.set(await here());
    } catch {
      this.problem = t('fill.locate_failed');
      this.manual = true;
    }
    this.busy = false;
    this.question.touch();
  }
}

/** Positions one after another. */
class Track extends Position {
  render() {
    const { points } = this;
    return html`<p class="figures">${t('value.points', { count: points.length })}</p>
      <div class="buttons"><button type="button" id=${this.question.id} class="secondary" ?disabled=${this.busy} @click=${() => this.locate()}>${t(this.busy ? 'fill.locating' : 'fill.add_point')}</button>
      ${points.length ? html`<button type="button" class="link" @click=${() => this.keep(points.slice(0, -1))}>${t('fill.drop_point')}</button>` : ''}</div>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : ''}`;
  }

  get isRing() {
    return this.question.field.type === 'geoshape';
  }

  /** Those that were taken: of a ring, without the one that closes it. @returns {Point[]} */
  get points() {
    const points = Array.isArray(this.value) ? this.value : [];
    return this.isRing && points.length > 3 && isSamePlace(points[0], points[points.length - 1]) ? points.slice(0, -1) : points;
  }

  /** @param {Point[]} points */
  keep(points) {
    const whole = this.isRing && points.length > 2 ? [...points, points[0]] : points;
    this.question.set(whole.length ? whole : undefined);
  }

  async locate() {
    this.busy = true;
    this.problem = '';
    try {
      const point = await here();
      this.keep([...this.points, point]);
    } catch {
      this.problem = t('fill.locate_failed');
    }
    this.busy = false;
  }
}

customElements.define('rounds-geopoint', Position);
customElements.define('rounds-track', Track);
