/** The choice of seats, kept over a log-in and a reload; and the key under which it is held once. */

const place = (show: string) => 'boxoffice.choice.' + show;
const keyPlace = (show: string) => 'boxoffice.attempt.' + show;

export function keepChoice(show: string, seats: string[]): void {
  try {
    sessionStorage.setItem(place(show), JSON.stringify(seats));
  } catch {
    // Full or forbidden: the choice lasts as long as this page.
  }
}

export function keptChoice(show: string): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(place(show)) ?? '[]');
    return Array.isArray(kept) ? kept.filter((s) => typeof s === 'string') : [];
  } catch {
    return [];
  }
}

export function forgetChoice(show: string): void {
  forgetAttempt(show);
  try {
    sessionStorage.removeItem(place(show));
  } catch {
    // Nothing was kept, then.
  }
}

interface Attempt {
  key: string;
  seats: string;
}

/** The attempts of this page, for browsers that keep nothing. */
const made = new Map<string, Attempt>();

function keptAttempt(show: string): Attempt | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(keyPlace(show)) ?? 'null') as Attempt | null;
    if (kept) return kept;
  } catch {
    // Then this page may know it.
  }
  return made.get(show);
}

/**
 * The idempotency key of a choice: the same for the same seats until it is
 * answered, so that three clicks, a reload and a lost answer make one booking.
 */
export function attempt(show: string, seats: string[]): string {
  const wanted = [...seats].sort().join(' ');
  const kept = keptAttempt(show);
  if (kept?.seats === wanted) return kept.key;
  const next: Attempt = { key: crypto.randomUUID(), seats: wanted };
  try {
    sessionStorage.setItem(keyPlace(show), JSON.stringify(next));
  } catch {
    made.set(show, next); // full or forbidden: the key lasts as long as this page
  }
  return next.key;
}

/** Seats whose attempt was never answered: this person may be the one who holds them. */
export function unanswered(show: string): string[] {
  return keptAttempt(show)?.seats.split(' ') ?? [];
}

/** A refusal is final for its key: the next attempt is another one. */
export function forgetAttempt(show: string): void {
  made.delete(show);
  try {
    sessionStorage.removeItem(keyPlace(show));
  } catch {
    // Nothing was kept, then.
  }
}

/** The show whose kept choice is to be held as soon as its map is there: its person has just become a guest. */
let next: string | undefined;

export function holdNext(show: string): void {
  next = show;
}

/** Whether the choice of a show is to be held now. Says so once. */
export function holdsNow(show: string): boolean {
  const now = next === show;
  next = undefined;
  return now;
}
