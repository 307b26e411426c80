import { answered, api, Failure } from '../../api/client';
import { t } from '../../i18n/i18n.svelte';
import { later } from '../../i18n/later';
import type { Field } from '../../ui/Form.svelte';

/**
 * Shows again that it is the owner: a session that began a while ago may change how one logs
 * in only after the password, and with an authenticator app a code, was written once more
 * (POST /v1/me/confirm). The API says when; until then the owner is asked for nothing.
 */
export class StepUp {
  /** The session is older: the fields are shown. */
  asked = $state(false);
  /** The account has an authenticator app. */
  app = $state(false);
  /** The app is lost: a recovery code takes its place. */
  lost = $state(false);
  #refused: Failure | undefined;

  get fields(): Field[] {
    if (!this.asked) return [];
    const password: Field = { name: 'password', label: t('password'), type: 'password', autocomplete: 'current-password', required: true, ltr: true };
    if (!this.app) return [password];
    const code: Field = this.lost
      ? { name: 'recovery_code', label: later('recovery_code'), autocomplete: 'off', required: true, ltr: true }
      : { name: 'code', label: later('code'), autocomplete: 'one-time-code', required: true, ltr: true };
    return [password, code];
  }

  /** Makes a call, after the proof when that is asked for. Throws a Failure of either. */
  async run<T>(call: () => Promise<T>, values: Record<string, string>): Promise<T> {
    this.#refused = undefined;
    if (this.asked) {
      const body = { password: values.password!, ...(!this.app ? {} : this.lost ? { recovery_code: values.recovery_code! } : { code: values.code! }) };
      try {
        await answered(api.POST('/v1/me/confirm', { body }));
      } catch (failure) {
        if (failure instanceof Failure) this.#refused = failure;
        throw failure;
      }
      this.asked = false; // a code counts once: it must not go along with a second attempt
    }
    try {
      return await call();
    } catch (failure) {
      if (failure instanceof Failure && failure.code === 'confirmation_needed') await this.#ask();
      throw failure;
    }
  }

  async #ask(): Promise<void> {
    this.app = (await answered(api.GET('/v1/me/factors'))).totp_since !== null;
    this.asked = true;
  }

  /** Words for a failure of the proof; undefined for one of the call itself. */
  explain(failure: Failure): string | undefined {
    if (failure.code === 'confirmation_needed') return later('factor_again');
    if (failure !== this.#refused) return undefined;
    if (failure.code === 'password_wrong') return later('password_wrong');
    if (failure.status === 429) return t('login_often');
    return /^(recovery_)?code$/.test(failure.problem.errors?.[0]?.field ?? '') ? later('code_wrong') : undefined;
  }
}
