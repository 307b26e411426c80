import { serverNow } from '../../api/client';

/** When an address was last sent a code, kept over a reload. Times are the server's, in milliseconds. */

const place = 'boxoffice.code';

/** How long a mail may take, in milliseconds, before another one is worth asking for. */
export const patience = 30_000;

let made: { address: string; at: number } | undefined;

/** When the address was sent a code by this tab; undefined when it was not. */
export function sentAt(address: string): number | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(place) ?? 'null') as typeof made | null;
    if (kept) made = kept;
  } catch {
    // Then this page may know it.
  }
  return made?.address === address ? made.at : undefined;
}

/** Notes that a code was sent now. */
export function noteSent(address: string): number {
  made = { address, at: serverNow() };
  try {
    sessionStorage.setItem(place, JSON.stringify(made));
  } catch {
    // Full or forbidden: it lasts as long as this page.
  }
  return made.at;
}

/** In how many seconds one may ask for the next code. */
export function untilNext(sent: number, now: number): number {
  return Math.min(patience / 1000, Math.max(0, Math.ceil((sent + patience - now) / 1000)));
}
