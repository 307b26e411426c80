/**
 * Times of a theater are shown on the theater's clock, in the reader's
 * language. A cinema day ends at five in the morning: 00:10 belongs to the
 * evening before.
 */
import { i18n, t } from './i18n.svelte';
import { kept } from './kept';

type Parts = Intl.DateTimeFormatOptions;

function format(zone: string, parts: Parts): Intl.DateTimeFormat {
  const { locale } = i18n;
  return kept(`time ${locale} ${zone} ${JSON.stringify(parts)}`, () => new Intl.DateTimeFormat(locale, { timeZone: zone, calendar: 'gregory', ...parts }));
}

/** 19:15 or 00:10 on the theater's clock, or 7:15 PM for readers who write it so. */
export function clock(at: string | number, zone: string): string {
  const numeric = format(zone, { hour: 'numeric', minute: '2-digit' });
  const twelve = kept('twelve hours ' + i18n.locale, () => numeric.resolvedOptions().hour12);
  return (twelve ? numeric : format(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })).format(new Date(at));
}

/** 19:02:11: when something happened, to the second. */
export function second(at: string, zone: string): string {
  return format(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(at));
}

/** The calendar day at a time in a zone, as 2026-11-27. */
export function day(at: string | number, zone: string): string {
  const { year, month, day } = wall(at, zone);
  return `${year}-${month}-${day}`;
}

const dayCut = 5;

/** The cinema day at a time in a zone. The clock on the wall decides, also in a night when clocks change. */
export function cinemaDay(at: string | number, zone: string): string {
  const date = day(at, zone);
  return Number(wall(at, zone).hour) < dayCut ? plus(date, -1) : date;
}

/** What a clock and a calendar on the wall show. By parts: engines differ in how they write the same date as a text. */
function wall(at: string | number, zone: string): Record<string, string> {
  const format = kept('wall ' + zone, () => {
    const parts: Parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
    return new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone: zone, ...parts });
  });
  return Object.fromEntries(format.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
}

/** The day after or before, as 2026-11-28. */
export function plus(date: string, days: number): string {
  const at = new Date(date + 'T12:00:00Z');
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** A day as people say it: today, tomorrow, Sat 28. `today` is a day of the same kind. */
export function dayName(date: string, today: string): string {
  if (date === today) return t('today');
  if (date === plus(today, 1)) return t('tomorrow');
  const parts: Parts = { weekday: 'short', day: 'numeric' };
  if (Math.abs(Date.parse(date) - Date.parse(today)) > 20 * 86400_000) parts.month = 'short';
  return format('UTC', parts).format(new Date(date + 'T12:00:00Z'));
}

/** A day in full: Saturday 28 November. */
export function longDay(date: string): string {
  return format('UTC', { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(date + 'T12:00:00Z'));
}

/** When a show is: "today 19:15", "Sat 28 Nov 00:10", with the zone's name where the reader is in another. */
export function when(at: string, zone: string, now = Date.now()): string {
  const date = day(at, zone);
  const today = day(now, zone);
  const name =
    date === today || date === plus(today, 1)
      ? dayName(date, today)
      : format('UTC', { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(date + 'T12:00:00Z'));
  return t('when', { day: name, time: clock(at, zone) }) + elsewhere(at, zone);
}

/** The zone's name in brackets when the reader's clock shows another time. */
export function elsewhere(at: string | number, zone: string): string {
  const reader = new Date(at);
  const { day, hour, minute } = wall(at, zone);
  if (reader.getDate() === Number(day) && reader.getHours() === Number(hour) && reader.getMinutes() === Number(minute)) return '';
  const city = zone.split('/').pop()!.replaceAll('_', ' ');
  return ' ' + t('zone', { city });
}

/** 2 h 49: how long a movie is. */
export function length(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours === 0) return t('minutes', { m: rest });
  return t('hours', { h: hours, m: String(rest).padStart(2, '0') });
}

/** 4:57: what is left, in minutes and seconds. */
export function left(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
}
