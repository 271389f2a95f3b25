/**
 * Who is signed in on this tablet, with which key, and the short-lived token that the service gave.
 *
 * The profile is remembered: the app starts and fills forms without a network, and without a valid token. The token is
 * renewed with the device's key before it ends; where that is refused, only sending waits for a password.
 */
import { post, Refusal } from './api.js';
import { askChallenge } from './hub_proof.js';
import { deviceId, generateKeys, publicJwk, signInText, signText } from './core/signature.js';
import { pick } from './i18n.js';
import { hub, moveToOffice, serviceOrigin } from './place.js';
import { forget, keep, read } from './vault.js';

/**
 * @typedef {{name: string, display_name: string, roles: string[], teams: string[], team_names?: Record<string, Record<string, string>>}} User
 *   a hub may not know the names of its teams, and earlier versions gave none
 * @typedef {{reference: string, mailboxes: string[], media: string[]}} Databases
 * @typedef {{user: User, device: string, databases: Databases, token: string, expiresAt: number, skew: number}} Profile
 *   `expiresAt` in ms of this tablet's clock; `skew` in ms: the service's clock minus this tablet's
 */

const EARLY_MS = 5 * 60_000;
const PROFILE = 'profile';

/** What a team is called; its id where no name is known. @param {User} user @param {string} team */
export const teamName = (user, team) => pick(user.team_names?.[team], team);

export class Session extends EventTarget {
  /** @type {Profile | null} */
  profile = null;
  /** True where the device's key no longer opens the door and a password is needed. */
  locked = false;
  /** @type {Promise<void> | null} */
  #renewing = null;

  /** Take over the remembered profile. */
  async restore() {
    this.profile = (await read('settings', PROFILE)) ?? null;
  }

  /**
   * Sign in with a password, registering this tablet's key for that person.
   * @param {string} name @param {string} password @param {string} label how the office will see this device
   * @returns {Promise<Profile>} raises `Refusal`
   */
  async signIn(name, password, label) {
    const keys = (await read('keys', name)) ?? (await generateKeys());
    const jwk = await publicJwk(keys);
    await moveToOffice(); // no hub lets anybody in for the first time
    const told = await post('/session', { name, password, device: { public_key: jwk, label } });
    if (!told.databases.mailboxes.length) throw new Refusal(403, { error: 'not_for_tablet' });
    await keep('keys', told.user.name, keys);
    return this.#take(told, await deviceId(jwk));
  }

  /** A token that holds for a while yet; raises `Refusal` with status 401 where a password is needed. */
  async token() {
    if (!this.profile) throw new Refusal(401, { error: 'unauthorized' });
    if (this.profile.expiresAt - Date.now() < EARLY_MS) await this.renew();
    return this.profile.token;
  }

  /** Get a new token with the device's key; callers at the same time share one request. */
  renew() {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #renew() {
    const profile = /** @type {Profile} */ (this.profile);
    const keys = await read('keys', profile.user.name);
    if (this.locked || !keys) throw this.#lock();
    try {
      const origin = serviceOrigin();
      const { challenge } = await askChallenge(profile, origin);
      const signature = await signText(signInText(challenge, origin), keys.privateKey);
      const told = await post('/session', { device: profile.device, challenge, origin, signature }, origin);
      const kept = await read('settings', PROFILE);
      // Somebody signed out, or another person in, while this was on its way.
      if (told.user.name !== profile.user.name || kept?.user.name !== profile.user.name) throw this.#lock();
      await this.#take(told, profile.device);
    } catch (error) {
      // A hub may not have heard of this tablet yet; a password would be of no use there.
      if (error instanceof Refusal && error.status === 401 && hub()) throw new Refusal(0, { error: 'hub_unaware' });
      // 400 and 404 from authentication mean the same as 401: this key does not open the door any more.
      if (error instanceof Refusal && [400, 401, 403, 404, 422].includes(error.status)) throw this.#lock();
      throw error;
    }
  }

  #lock() {
    this.locked = true;
    this.dispatchEvent(new Event('change'));
    return new Refusal(401, { error: 'unauthorized' });
  }

  /** @param {any} told @param {string} device @returns {Promise<Profile>} */
  async #take(told, device) {
    const skew = Date.parse(told.server_time) - Date.now();
    const expiresAt = Date.parse(told.expires_at) - skew;
    const user = { ...told.user, team_names: { ...this.profile?.user.team_names, ...told.user.team_names } };
    this.profile = { user, device: told.device?.id ?? device, databases: told.databases, token: told.token, expiresAt, skew };
    this.locked = false;
    await keep('settings', PROFILE, this.profile);
    this.dispatchEvent(new Event('change'));
    return this.profile;
  }

  /** Somebody chose another place to sync with: its tokens are its own. */
  async moved() {
    const profile = /** @type {Profile} */ (this.profile);
    await keep('settings', PROFILE, { ...profile, token: '', expiresAt: 0 });
  }

  /** The private key that signs this person's edits. @returns {Promise<CryptoKey>} */
  async signingKey() {
    const keys = await read('keys', /** @type {Profile} */ (this.profile).user.name);
    return keys.privateKey;
  }

  /** Forget who is signed in; what they wrote stays on the tablet. @returns {Promise<Profile | null>} for undoing it */
  async signOut() {
    const left = this.profile;
    this.profile = null;
    await forget('settings', PROFILE);
    this.dispatchEvent(new Event('change'));
    return left;
  }

  /** Undo a sign-out. @param {Profile} profile */
  async comeBack(profile) {
    this.profile = profile;
    await keep('settings', PROFILE, profile);
    this.dispatchEvent(new Event('change'));
  }
}
