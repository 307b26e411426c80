/** Suggested movies in the words and the order in which a row shows them. */
import type { Schemas } from '../api/client';
import { i18n, t } from '../i18n/i18n.svelte';
import { kept } from '../i18n/kept';
import { pick, type PickKey } from '../i18n/picks';
import { cinemaDay, dayName, plus } from '../i18n/time';

export type Answer = Schemas['Recommendations'];
export type Item = Schemas['Recommendation'];
export type Show = Schemas['RecommendedShow'];

/** A movie of a row, and the list of the platform that it came in: a row that was filled up has some of several lists. */
export interface Entry {
  list: string;
  item: Item;
}

export function entries(answer: Answer): Entry[] {
  return answer.items.map((item) => ({ list: answer.list_id, item }));
}

export const idOf = ({ item }: Entry): string => item.movie.id;

/** Whether a list was made for the person, and not for all of the city. */
export function personal(source: Answer['source']): boolean {
  return source === 'model';
}

/** Why a movie is in the list; undefined where the heading says it, or where there is nothing to say. */
export function reason(given: Item['reason'], city: string, source: Answer['source']): string | undefined {
  const { code, movie } = given;
  if (code === 'popular_in_city') return personal(source) ? pick(code, { city }) : undefined;
  if (code === 'because_you_saw' || code === 'because_you_liked' || code === 'similar') return movie ? pick(code, { movie: movie.title }) : undefined;
  return pick(code);
}

/** What of a show is as the person usually chooses it, the most telling first; undefined when nothing is. */
export function usual({ habits, usual_row: row }: Pick<Show, 'habits' | 'usual_row'>): string | undefined {
  const has = (habit: Show['habits'][number]) => habits.includes(habit);
  const parts: [PickKey, boolean][] = [
    ['usual_theater_row', has('theater') && !!row],
    ['usual_theater', has('theater') && !row],
    ['usual_row', !has('theater') && !!row],
    ['usual_weekday_time', has('weekday') && has('time')],
    ['usual_weekday', has('weekday') && !has('time')],
    ['usual_time', has('time') && !has('weekday')],
    ['usual_price', has('price')],
  ];
  const said = parts.filter(([, so]) => so).map(([key]) => pick(key, { row: row ?? '' }));
  return said.length > 0 ? said.slice(0, 2).join(' · ') : undefined;
}

/** The day of a show as people say it, and as the days above the first screen say it: today, tomorrow, Friday within a week, Sat 5 after it. */
export function showDay(at: string, zone: string, now: number): string {
  const date = cinemaDay(at, zone);
  const today = cinemaDay(now, zone);
  if (date <= plus(today, 1) || date > plus(today, 6)) return dayName(date, today);
  const { locale } = i18n;
  return kept('weekday ' + locale, () => new Intl.DateTimeFormat(locale, { timeZone: 'UTC', weekday: 'long' })).format(new Date(date + 'T12:00:00Z'));
}

/** The first show that has not started: a page may be open for long. */
export function nextShow({ shows }: Item, now: number): Show | undefined {
  return shows.find((show) => Date.parse(show.starts_at) > now);
}

/** Leaves out movies whose shows have started. */
export function bookable(all: Entry[], now: number): Entry[] {
  return all.filter(({ item }) => nextShow(item, now));
}

/** A newer answer in the place of what is shown. The same movies in the same order stay the list that they are: they were seen as that. */
export function renewed(shown: Entry[], answer: Answer): Entry[] {
  const same = shown.length === answer.items.length && answer.items.every((item, i) => item.movie.id === idOf(shown[i]!));
  return same ? answer.items.map((item, i) => ({ list: shown[i]!.list, item })) : entries(answer);
}

/** Fills a row up: nothing that is shown moves, and movies of the answer that are not there yet come after it. */
export function refilled(shown: Entry[], answer: Answer, without: string[], wanted: number): Entry[] {
  const there = new Set([...shown.map(idOf), ...without]);
  const room = wanted - shown.filter((entry) => !without.includes(idOf(entry))).length;
  const more = entries(answer).filter((entry) => !there.has(idOf(entry)));
  return [...shown, ...more.slice(0, Math.max(0, room))];
}

/** The heading of a row of suggestions. */
export function heading(source: Answer['source'], member: boolean, city: string): string {
  return member && personal(source) ? pick('for_you') : pick('popular_in', { city });
}

/** How a day begins a line of its own. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(i18n.locale) + text.slice(1);
}

/** What a screen reader says of a show after its time. */
export function showLabel(show: Show, now: number): string {
  return [showDay(show.starts_at, show.time_zone, now), show.theater.name, usual(show)].filter(Boolean).join(', ') || t('shows');
}
