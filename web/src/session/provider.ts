/**
 * Log-ins by identity providers (docs/accounts.md, "Log-in by a provider"). Only screens that
 * are loaded later import this.
 */
import { answered, api, type Schemas } from '../api/client';
import { begin } from './session.svelte';

type Provider = Schemas['Provider'];

let asked: Promise<Provider[]> | undefined;

/** The providers of this platform, asked for once; none when they cannot be asked for now. */
export function providers(): Promise<Provider[]> {
  asked ??= answered(api.GET('/v1/oauth/providers')).then(
    ({ items }) => items,
    () => {
      asked = undefined; // the next screen asks again
      return [];
    },
  );
  return asked;
}

/** Begins with the session whose cookie a provider's log-in has set: the page has no token of it yet. Throws a Failure. */
export async function enterByCookie(): Promise<void> {
  await begin(await answered(api.POST('/v1/browser-sessions/refresh')));
}

/** Links the log-in to the account that has its address, by the mailed code. Gives the second step when there is one. Throws a Failure. */
export async function proveIdentity(code: string): Promise<Schemas['SecondStep'] | undefined> {
  const answer = await answered(api.POST('/v1/browser-sessions/identity', { body: { code } }));
  if ('challenge' in answer) return answer;
  await begin(answer);
  return undefined;
}
