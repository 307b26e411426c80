/** What the first screen shows, in the order and the words in which it does. */
import type { Schemas } from '../../api/client';
import { kept } from '../../i18n/kept';

export type Home = Schemas['Home'];
export type HomeMovie = Home['movies'][number];
export type HomeShow = HomeMovie['shows'][number];

/** Leaves out shows that started, and movies that have none left. */
export function upcoming(movies: HomeMovie[], now: number): HomeMovie[] {
  return movies
    .map((entry) => ({ ...entry, shows: entry.shows.filter((show) => Date.parse(show.starts_at) > now) }))
    .filter((entry) => entry.shows.length > 0);
}

/** How many of four steps are filled, and the word for it when it matters. */
export function fullness(availability: HomeShow['availability']): number {
  return { plenty: 1, filling: 3, last_seats: 4, sold_out: 4 }[availability];
}

/** The hours of the board: from the hour of the first show to the hour after the last one, in milliseconds. */
export function hours(movies: HomeMovie[], now: number, zone: string): number[] {
  const starts = movies.flatMap((entry) => entry.shows.map((show) => Date.parse(show.starts_at)));
  if (starts.length === 0) return [];
  const first = Math.min(...starts);
  const hour = 3600_000;
  // Now is on the board when it is close to the first show.
  const from = fullHour(now < first && first - now < hour ? now : first, zone);
  const to = Math.max(fullHour(Math.max(...starts), zone) + 2 * hour, from + 7 * hour);
  const out: number[] = [];
  for (let at = from; at < to; at += hour) out.push(at);
  return out;
}

/** The full hour on the zone's clock: India's is half an hour from that of UTC. */
function fullHour(at: number, zone: string): number {
  const format = kept('minutes ' + zone, () => new Intl.DateTimeFormat('en', { timeZone: zone, minute: 'numeric', second: 'numeric' }));
  const parts = format.formatToParts(at);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value ?? 0);
  return at - (at % 1000) - part('minute') * 60_000 - part('second') * 1000;
}

/** Where shows of one movie stand on its line of the board, so that none lies on another: a lane each. */
export function lanes(shows: HomeShow[], width: number): { show: HomeShow; lane: number }[] {
  const ends: number[] = [];
  return shows.map((show) => {
    const at = Date.parse(show.starts_at);
    let lane = ends.findIndex((end) => end <= at);
    if (lane < 0) lane = ends.length;
    ends[lane] = at + width;
    return { show, lane };
  });
}
