/**
 * Who is logged in. The access token is in memory only; the cookie that renews
 * it cannot be read by scripts. What this browser remembers is that there is
 * one, so that a visitor without an account causes no refused call.
 */
import { answered, api, Failure, useTokens, type Schemas } from '../api/client';
import { forgetTickets } from '../ticket/store';

export type Account = Schemas['Account'];

let account = $state.raw<Account | undefined>(undefined);
let known = $state(false);
let access: { token: string; until: number } | undefined;
let renewing: Promise<string | undefined> | undefined;

const mark = 'boxoffice.account';

export const session = {
  /** The account, as soon as it is known. */
  get account() {
    return account;
  },
  /** Whether somebody is logged in, or was when the network was last there. */
  get in() {
    return account !== undefined || remembered() !== undefined;
  },
  /** Whether the first look is over. */
  get known() {
    return known;
  },
  /** The account's id, also without a network. */
  get id() {
    return account?.id ?? remembered();
  },
};

function remembered(): string | undefined {
  try {
    return localStorage.getItem(mark) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(id: string | undefined): void {
  try {
    if (id) localStorage.setItem(mark, id);
    else localStorage.removeItem(mark);
  } catch {
    // A browser that keeps nothing still serves this visit.
  }
}

/** Looks whether this browser has a session. */
export async function resume(): Promise<void> {
  useTokens(token);
  try {
    if (remembered() && (await token(false))) account = await answered(api.GET('/v1/me'));
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
  } finally {
    known = true;
  }
  addEventListener('storage', (event) => {
    // Another tab logged out: this one shows nothing of the account any more.
    if (event.key === mark && !event.newValue) location.reload();
  });
}

/** A token that lasts for the next call. */
async function token(renew: boolean): Promise<string | undefined> {
  if (!renew && access && access.until > Date.now() + 10_000) return access.token;
  if (!remembered()) return undefined;
  renewing ??= locked(refresh).finally(() => (renewing = undefined));
  return renewing;
}

/** Only one tab renews at a time: the cookie changes with each renewal. */
function locked<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request('boxoffice.session', work) as Promise<T>;
}

async function refresh(): Promise<string | undefined> {
  try {
    return keep(await answered(api.POST('/v1/browser-sessions/refresh')));
  } catch (failure) {
    if (failure instanceof Failure && failure.code === 'unauthenticated') {
      access = undefined;
      account = undefined;
      remember(undefined);
      return undefined;
    }
    throw failure;
  }
}

function keep(tokens: { access_token: string; expires_in: number }): string {
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1000 };
  return access.token;
}

/** Logs in. Throws a Failure. */
export async function logIn(email: string, password: string): Promise<void> {
  keep(await answered(api.POST('/v1/browser-sessions', { body: { email, password } })));
  remember('unknown'); // so that the token of this session is used
  account = await answered(api.GET('/v1/me'));
  remember(account.id);
}

/** Makes an account and logs in. Throws a Failure. */
export async function signUp(registration: Schemas['Registration']): Promise<void> {
  await answered(api.POST('/v1/accounts', { body: registration }));
  await logIn(registration.email, registration.password);
}

/** Changes the account. Throws a Failure. */
export async function change(changes: { name?: string; phone?: string }): Promise<void> {
  account = await answered(api.PATCH('/v1/me', { body: changes }));
}

/** Logs out and wipes what this browser knows of the account. */
export async function logOut(): Promise<void> {
  remember(undefined);
  access = undefined;
  account = undefined;
  await forgetTickets();
  sessionStorage.clear();
  try {
    await answered(api.DELETE('/v1/browser-sessions'));
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    // Without a network the server learns of it when the cookie's time is over.
  }
}
