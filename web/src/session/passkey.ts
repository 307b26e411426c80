/**
 * Passkeys, by the browser's own means (WebAuthn level 3). Browsers that cannot read the
 * server's options by themselves, from before 2024, get help. Only screens that are loaded later
 * import this.
 */
import { answered, api, Failure, type Schemas } from '../api/client';
import { later, type LaterKey } from '../i18n/later';
import { begin } from './session.svelte';

type Request = Schemas['PasskeyRequest'];
type Answer = Schemas['PasskeyAnswer'];

/** Whether this browser knows passkeys here: they belong to a name, never to an IP address. */
export function possible(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && !/^[\d.]+$|^\[/.test(location.hostname);
}

const bytes = (text: string) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer: ArrayBuffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** The options for a new passkey, as the browser wants them. */
export function creationOptions(json: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: named(json.excludeCredentials),
  } as PublicKeyCredentialCreationOptions;
}

/** The options to show a passkey, as the browser wants them. */
export function requestOptions(json: PublicKeyCredentialRequestOptionsJSON): PublicKeyCredentialRequestOptions {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) } as PublicKeyCredentialRequestOptions;
}

const named = (all: PublicKeyCredentialDescriptorJSON[] = []) => all.map((one) => ({ ...one, id: bytes(one.id) }));

/** What the browser says, as the server reads it. */
export function answerOf(credential: PublicKeyCredential): Answer {
  if (credential.toJSON) return credential.toJSON() as Answer;
  const response: Record<string, unknown> = {};
  for (const key of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    const value = (credential.response as unknown as Record<string, ArrayBuffer | null | undefined>)[key];
    if (value) response[key] = text(value);
  }
  const transports = (credential.response as AuthenticatorAttestationResponse).getTransports?.();
  if (transports) response.transports = transports;
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: credential.getClientExtensionResults() };
}

/** Asks the browser. It does not say whether its owner did not want to, or had no passkey. */
async function shown(ask: () => Promise<Credential | null>): Promise<Answer> {
  try {
    const credential = await ask();
    if (credential) return answerOf(credential as PublicKeyCredential);
  } catch (cause) {
    const name = (cause as Error).name;
    if (name === 'InvalidStateError') throw new Failure('passkey_there', 409, 'This device has a passkey of this account.');
    if (name !== 'NotAllowedError' && name !== 'AbortError') throw new Failure('passkey_failed', 400, String(cause));
  }
  throw new Failure('passkey_cancelled', 400, 'No passkey was shown.');
}

/** Adds a passkey, whose options are given. Throws a Failure. */
export async function keep({ public_key }: Request, name: string): Promise<void> {
  const options = creationOptions(public_key as unknown as PublicKeyCredentialCreationOptionsJSON);
  const credential = await shown(() => navigator.credentials.create({ publicKey: options }));
  await answered(api.POST('/v1/me/factors/passkeys/confirm', { body: { name, credential } }));
}

const shows = ({ public_key }: Request, how: CredentialRequestOptions = {}) =>
  shown(() => navigator.credentials.get({ ...how, publicKey: requestOptions(public_key as unknown as PublicKeyCredentialRequestOptionsJSON) }));

/** Shows a passkey again, in place of the password. Throws a Failure. */
export async function again(): Promise<void> {
  const passkey = await shows(await answered(api.POST('/v1/me/confirm/passkey')));
  await answered(api.POST('/v1/me/confirm', { body: { passkey } }));
}

/** Logs in by a passkey that the reader chooses. Throws a Failure. */
export async function logInByPasskey(how: CredentialRequestOptions = {}): Promise<void> {
  const request = await answered(api.POST('/v1/browser-sessions/passkey/options'));
  const credential = await shows(request, how);
  try {
    await begin(await answered(api.POST('/v1/browser-sessions/passkey', { body: { credential } })));
  } catch (failure) {
    if ((failure as Failure).code === 'passkey_unknown') forgetThere(request, credential);
    throw failure;
  }
}

/** A passkey that was removed here goes from the password manager, too, where that can be told. */
function forgetThere({ public_key }: Request, { id }: Answer): void {
  const there = PublicKeyCredential as unknown as { signalUnknownCredential?: (what: { rpId: unknown; credentialId: unknown }) => Promise<void> };
  there.signalUnknownCredential?.({ rpId: public_key.rpId, credentialId: id }).catch(() => {});
}

/** Before the server's five minutes are over, the browser gets a new question. */
const renewed = 4 * 60_000;

/** Offers passkeys beside the saved passwords, in the field of the e-mail address, until the signal ends it. A failure is told. */
export async function offer(ended: AbortSignal, failed: (failure: Failure) => void): Promise<void> {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.().catch(() => false))) return;
  while (!ended.aborted) {
    const round = new AbortController();
    const stop = () => round.abort();
    ended.addEventListener('abort', stop, { once: true });
    const over = setTimeout(stop, renewed);
    try {
      return await logInByPasskey({ mediation: 'conditional', signal: round.signal });
    } catch (failure) {
      if (ended.aborted) return;
      if (!(failure instanceof Failure)) throw failure;
      if (round.signal.aborted) continue; // its time was over
      if (failure.code.startsWith('passkey_') && failure.code !== 'passkey_cancelled' && failure.status !== 404) failed(failure);
      return;
    } finally {
      clearTimeout(over);
      ended.removeEventListener('abort', stop);
    }
  }
}

const passkeyTroubles: Record<string, LaterKey> = {
  passkey_cancelled: 'passkey_cancelled',
  passkey_there: 'passkey_there',
  passkey_unknown: 'passkey_unknown',
  passkey_changed: 'passkey_changed',
  passkey_failed: 'passkey_failed',
};

/** What to tell about a passkey that did not work; nothing about other failures. A log-in that is refused says no more than that. */
export function passkeyTrouble({ code }: { code: string }): string | undefined {
  const key = code === 'unauthenticated' ? 'passkey_failed' : passkeyTroubles[code];
  return key && later(key);
}
