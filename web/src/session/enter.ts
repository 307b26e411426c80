/**
 * The ways in: what only the screens of log-in, sign-up and guests call, so that it is no part of
 * what the app starts with.
 */
import { answered, api, type Schemas } from '../api/client';
import { begin } from './session.svelte';

/** Logs in, or gives what the second step of the log-in goes back with. Throws a Failure. */
export async function logIn(email: string, password: string): Promise<Schemas['SecondStep'] | undefined> {
  const answer = await answered(api.POST('/v1/browser-sessions', { body: { email, password } }));
  if ('challenge' in answer) return answer;
  await begin(answer);
  return undefined;
}

/** The second step of a log-in. Throws a Failure. */
export async function secondStep(answer: { challenge: string; code?: string; recovery_code?: string }): Promise<void> {
  await begin(await answered(api.POST('/v1/browser-sessions/second-factor', { body: answer })));
}

/** Makes an account and logs in. Throws a Failure. */
export async function signUp(registration: Schemas['Registration']): Promise<void> {
  await answered(api.POST('/v1/accounts', { body: registration }));
  await logIn(registration.email, registration.password);
}

/** Begins the session of a guest, whose address is sent a code. Throws a Failure; `not_found` tells that guests are off. */
export async function beginGuest(email: string): Promise<void> {
  await begin(await answered(api.POST('/v1/browser-sessions/guest', { body: { email } })));
}

const place = 'boxoffice.guests';

/** Whether this tab has heard that booking without an account is off. */
export function guestsAreOff(): boolean {
  try {
    return sessionStorage.getItem(place) === 'off';
  } catch {
    return false;
  }
}

/** Remembers it for the tab, so that it is not offered again. */
export function noteGuestsOff(): void {
  try {
    sessionStorage.setItem(place, 'off');
  } catch {
    // Then it is offered once more, and refused in the same words.
  }
}
