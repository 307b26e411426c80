/**
 * Who is logged in. The access token is in memory only; the cookie that renews
 * it cannot be read by scripts. What this browser remembers is that there is
 * one, so that a visitor without an account causes no refused call.
 */
import { answered, api, Failure, useTokens, type Schemas } from '../api/client';
import { forgetLinks } from '../booking/link';
import { forgetTickets } from '../ticket/store';

export type Account = Schemas['Account'];

const mark = 'boxoffice.account';

let account = $state.raw<Account | undefined>(undefined);
let known = $state(false);
/** The account that this browser remembers. */
let marked = $state.raw(remembered());
let access: { token: string; until: number } | undefined;
let renewing: Promise<string | undefined> | undefined;

/** Set by push.svelte.ts when messages on this device are wanted. */
const pushMark = 'boxoffice.push';
/** The account that this page shows. */
let mine: string | undefined;
/** Counts log-ins and log-outs: what belongs to a former one is dropped. */
let visit = 0;

export const session = {
  /** The account, as soon as it is known. */
  get account() {
    return account;
  },
  /** Whether somebody is logged in, or was when the network was last there. */
  get in() {
    return account !== undefined || marked !== undefined;
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
  mine = marked = id;
  try {
    if (id) localStorage.setItem(mark, id);
    else localStorage.removeItem(mark);
  } catch {
    // A browser that keeps nothing still serves this visit.
  }
}

/** Looks whether this browser has a session, and again when a first look failed. */
export async function resume(): Promise<void> {
  useTokens(token);
  addEventListener('storage', (event) => {
    if (event.key === mark || event.key === null) sameAccount();
  });
  // A page that comes back from the browser's own cache was told nothing.
  addEventListener('pageshow', (event) => {
    if (event.persisted) sameAccount();
  });
  const again = () => {
    if (known && !account && remembered() && document.visibilityState === 'visible') void look();
  };
  addEventListener('online', again);
  document.addEventListener('visibilitychange', again);
  await look();
}

async function look(): Promise<void> {
  mine = remembered();
  try {
    if (mine && (await token(false))) knownAs(await answered(api.GET('/v1/me')));
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
  } finally {
    known = true;
  }
  if (account && localStorage.getItem(pushMark)) void import('./push.svelte').then(({ push }) => push.look()).catch(() => {});
}

function knownAs(who: Account): void {
  account = who;
  remember(who.id);
}

/** Another account, or none, came in another tab: this page shows nothing of the former one any more. */
function sameAccount(): void {
  if (remembered() !== mine) location.reload();
}

/** A token that lasts for the next call. */
async function token(renew: boolean): Promise<string | undefined> {
  if (!remembered()) return undefined;
  if (!renew && access && access.until > Date.now() + 10_000) return access.token;
  renewing ??= locked(refresh).finally(() => (renewing = undefined));
  return renewing;
}

/** Only one tab renews at a time: the cookie changes with each renewal. A tab that sleeps with the lock stops no other. */
async function locked<T>(work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  let begun = false;
  const once = () => {
    begun = true;
    return work();
  };
  try {
    return (await navigator.locks.request('boxoffice.session', { signal: AbortSignal.timeout(5000) }, once)) as T;
  } catch (failure) {
    if (begun) throw failure;
    return work(); // the server takes the same cookie twice within ten seconds
  }
}

async function refresh(): Promise<string | undefined> {
  const of = visit;
  try {
    return keep(await answered(api.POST('/v1/browser-sessions/refresh')), of);
  } catch (failure) {
    if (failure instanceof Failure && failure.code === 'unauthenticated') {
      if (of === visit) await ended();
      return undefined;
    }
    throw failure;
  }
}

/** Takes tokens, but not those of a visit that has ended while they were on their way. */
function keep(tokens: { access_token: string; expires_in: number }, of: number): string | undefined {
  if (of !== visit) return undefined;
  access = { token: tokens.access_token, until: Date.now() + tokens.expires_in * 1000 };
  return access.token;
}

function end(): void {
  visit++;
  access = undefined;
  account = undefined;
  remember(undefined);
}

/** The session is over, by its owner on another device or by its age: what this browser knows of the account goes, as at a log-out. */
async function ended(): Promise<void> {
  end();
  // A link that was just opened, and seats that were just chosen, are no secrets of the
  // account: they stay for the log-in that follows.
  await Promise.all([dropPush(), forgetTickets()]);
}

/** Takes the tokens of a log-in, of a sign-up or of a guest: session/enter.ts. */
export async function begin(tokens: { access_token: string; expires_in: number }): Promise<void> {
  const before = mine;
  keep(tokens, ++visit);
  remember('unknown'); // so that the token of this session is used
  knownAs(await answered(api.GET('/v1/me')));
  if (before) await forgetTickets(); // a guest's: those that went over to an account are fetched again
}

/** Changes the account. Throws a Failure. */
export async function change(changes: { name?: string; phone?: string; locale?: string; time_zone?: string; home_city?: string }): Promise<void> {
  account = await answered(api.PATCH('/v1/me', { body: changes }));
}

/** Proves an address or a number by its code. Throws a Failure. */
export async function confirm(channel: 'email' | 'sms', code: string): Promise<void> {
  account = await answered(api.POST('/v1/me/verification/confirm', { body: { channel, code } }));
}

/** Reads the account again: a link has changed it. */
export async function again(): Promise<void> {
  if (account) account = await answered(api.GET('/v1/me'));
}

/** Logs out and wipes what this browser knows of the account. */
export async function logOut(): Promise<void> {
  await endPush();
  end();
  const told = answered(api.DELETE('/v1/browser-sessions')); // at once: the page may be closed
  told.catch(() => {}); // what it says is handled below
  await Promise.all([forgetTickets(), forgetLinks()]);
  sessionStorage.clear();
  try {
    await told;
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    // Without a network the server learns of it when the cookie's time is over.
  }
}

/** Messages of this account do not come to this device any more, also without a network. */
function endPush(): Promise<void> {
  return dropPush(({ endpoint }) => answered(api.DELETE('/v1/me/push-subscriptions', { body: { endpoint }, signal: AbortSignal.timeout(3000) })));
}

/** The platform is told where it does not know yet. */
async function dropPush(tell?: (subscription: PushSubscription) => Promise<unknown>): Promise<void> {
  try {
    localStorage.removeItem(pushMark);
    const registration = await navigator.serviceWorker?.getRegistration();
    const subscription = await registration?.pushManager?.getSubscription();
    if (!subscription) return;
    await Promise.allSettled([tell?.(subscription), subscription.unsubscribe()]);
  } catch {
    // Nothing was subscribed where storage or workers are forbidden.
  }
}
