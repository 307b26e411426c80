/**
 * Bookings that this browser opened by their links, without a log-in. The link itself is in a
 * cookie that scripts cannot read, so this remembers that there is one. The server decides at
 * each read; what it shows by a link is marked `read_only`.
 */
import { answered, api, useLinks } from '../api/client';
import { go, query, router } from '../router.svelte';

const mark = 'boxoffice.links';
const most = 50;

function kept(): string[] {
  try {
    const ids: unknown = JSON.parse(localStorage.getItem(mark) ?? '[]');
    return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

function keep(ids: string[]): void {
  try {
    if (ids.length > 0) localStorage.setItem(mark, JSON.stringify(ids.slice(-most)));
    else localStorage.removeItem(mark);
  } catch {
    // A browser that keeps nothing shows the booking until this page is closed.
  }
}

/** The booking of this visit, also in a browser that keeps nothing. */
let arrived: string | undefined;

/** Looks whether the address is where a link led, and takes what says so off it. */
export function arrive(): void {
  useLinks((url) => openedByLink(/\/v1\/bookings\/([^/]+)/.exec(url)?.[1] ?? ''));
  const { query: parts, params } = router.place;
  if (parts.get('by') === 'link' && params.id) {
    arrived = params.id;
    keep([...kept().filter((id) => id !== params.id), params.id]);
  }
  if (router.place.path === '/b') go('/tickets', { replace: true }); // an SMS was opened without a network
  else if (parts.has('by') || parts.has('key')) query({ by: undefined, key: undefined });
}

/** Whether this browser opened the booking by its link. */
export function openedByLink(id: string): boolean {
  return arrived === id || kept().includes(id);
}

/** The server refused the link. */
export function dropLink(id: string): void {
  if (arrived === id) arrived = undefined;
  keep(kept().filter((other) => other !== id));
}

/** Has this browser forget a link, with its cookie. Without a network the cookie stays, and ends by itself. */
export async function forgetLink(id: string): Promise<void> {
  dropLink(id);
  await answered(api.DELETE('/v1/bookings/{id}/link', { params: { path: { id } }, signal: AbortSignal.timeout(3000) })).catch(() => {});
}

/** Has this browser forget all links: somebody else may use it next. */
export async function forgetLinks(): Promise<void> {
  await Promise.all(kept().map(forgetLink));
  arrived = undefined;
}
