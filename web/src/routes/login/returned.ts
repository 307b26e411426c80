/** What the server says in the address of /login when a log-in by a provider comes back (api/accounts/oauth.go). */
import { nextPlace } from './next';

export interface Returned {
  /** Where to go after the log-in. */
  next: string;
  claim: boolean;
  /** The cookie of a session is there. */
  entered?: boolean;
  /** It was refused; support finds the reason by this id, which may be empty. */
  refused?: string;
  /** The address has an account: a code was mailed. */
  link?: boolean;
  /** The account has a second factor. */
  step?: { challenge: string };
}

/** The longest place in bytes that the server takes (internal/accounts/oidc/place.go). */
const longest = 1000;

/** Where a provider's log-in comes back to. */
export function wayBack(next: string, claim: boolean): string {
  const back = (place: string) => '/login?entered=1' + (place === '/' ? '' : '&next=' + encodeURIComponent(place)) + (claim ? '&claim=1' : '');
  return back(next).length > longest ? back('/') : back(next);
}

/** The address of the log-in without what came back. */
export function tidy({ next, claim }: Pick<Returned, 'next' | 'claim'>): string {
  const parts = [next === '/' ? '' : 'next=' + encodeURIComponent(next), claim ? 'claim' : ''].filter(Boolean).join('&');
  return '/login' + (parts ? '?' + parts : '');
}

/** Reads an address, or gives undefined when no provider's log-in came back. A refused one does not say where it began: kept does. */
export function returned({ search, hash }: { search: string; hash: string }, kept: string | null = null, origin = location.origin): Returned | undefined {
  const query = new URLSearchParams(search);
  const challenge = new URLSearchParams(hash.slice(1)).get('challenge');
  if (query.has('entered')) return { ...placeIn(search, origin), entered: true };
  if (query.get('error') === 'provider') return { ...placeOf(kept, origin), refused: /^[\w-]{1,64}$/.exec(query.get('request') ?? '')?.[0] ?? '' };
  const place = placeOf(query.get('return_to'), origin);
  if (query.has('link')) return { ...place, link: true };
  return challenge ? { ...place, step: { challenge } } : undefined;
}

/** The place that return_to names: what stands in it when it is the log-in itself. */
function placeOf(returnTo: string | null, origin: string): { next: string; claim: boolean } {
  const place = nextPlace(returnTo, origin);
  const { pathname, search } = new URL(place, origin);
  return pathname === '/login' ? placeIn(search, origin) : { next: place, claim: false };
}

function placeIn(search: string, origin: string): { next: string; claim: boolean } {
  const query = new URLSearchParams(search);
  return { next: nextPlace(query.get('next'), origin), claim: query.has('claim') };
}

const key = 'boxoffice.provider';

/** Remembers in this tab where a log-in began. */
export function noteWayBack(place: string): void {
  try {
    sessionStorage.setItem(key, place);
  } catch {
    // Then a refused log-in begins at the first page again.
  }
}

/** Where the log-in of this tab began. */
export function notedWayBack(): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}
