import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { speak } from './i18n.svelte';
import { cinemaDay, clock, day, dayName, elsewhere, left, length, longDay, plus, second, when } from './time';

const india = 'Asia/Kolkata';
const york = 'America/New_York';
const plain = (text: string) => text.replace(/[\u061c\u200e\u200f\u2066-\u2069]/g, '').replace(/[\u00a0\u202f]/g, ' ');

beforeEach(async () => {
  vi.stubGlobal('document', { documentElement: {} });
  vi.stubGlobal('navigator', { languages: ['en-GB'] });
  vi.stubEnv('TZ', india);
  await speak('en');
});

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ['2026-11-27T18:29:59Z', india, '2026-11-27'],
  ['2026-11-27T18:30:00Z', india, '2026-11-28'],
  ['2026-11-28T04:59:00Z', york, '2026-11-27'],
  ['2026-11-28T05:00:00Z', york, '2026-11-28'],
])('day of %s in %s', (at, zone, expected) => {
  expect(day(at, zone)).toBe(expected);
});

test.each([
  ['04:59', '2026-11-27T23:29:00Z', india, '2026-11-27'],
  ['05:00', '2026-11-27T23:30:00Z', india, '2026-11-28'],
  ['ten past midnight', '2026-11-27T18:40:00Z', india, '2026-11-27'],
  ['the night to a new year', '2026-12-31T20:00:00Z', india, '2026-12-31'],
  ['19:15', '2026-11-28T00:15:00Z', york, '2026-11-27'],
  ['04:59 after clocks went back', '2026-11-01T09:59:00Z', york, '2026-10-31'],
  ['05:00 after clocks went back', '2026-11-01T10:00:00Z', york, '2026-11-01'],
  ['04:59 after clocks went forward', '2026-03-08T08:59:00Z', york, '2026-03-07'],
  ['05:00 after clocks went forward', '2026-03-08T09:00:00Z', york, '2026-03-08'],
])('cinema day: %s', (_, at, zone, expected) => {
  expect(cinemaDay(at, zone)).toBe(expected);
  expect(cinemaDay(Date.parse(at), zone)).toBe(expected);
});

test.each([
  ['2026-11-30', 1, '2026-12-01'],
  ['2026-12-31', 1, '2027-01-01'],
  ['2026-03-01', -1, '2026-02-28'],
  ['2028-02-28', 1, '2028-02-29'],
  ['2026-11-27', 0, '2026-11-27'],
  ['2026-11-27', 30, '2026-12-27'],
])('%s and %i days', (date, days, expected) => {
  expect(plus(date, days)).toBe(expected);
});

describe('dayName', () => {
  test.each([
    ['2026-11-27', 'today'],
    ['2026-11-28', 'tomorrow'],
    ['2026-11-29', 'Sun 29'],
    ['2026-12-17', 'Thu 17'],
    ['2026-12-18', 'Fri 18 Dec'],
    ['2026-11-26', 'Thu 26'],
  ])('%s', (date, expected) => {
    expect(dayName(date, '2026-11-27').replace(',', '')).toBe(expected);
  });

  test('over the end of a month', () => {
    expect(dayName('2026-12-01', '2026-11-30')).toBe('tomorrow');
  });
});

test('longDay', () => {
  expect(longDay('2026-11-28').replace(',', '')).toBe('Saturday 28 November');
});

describe('clock', () => {
  test.each([
    ['en-GB', '2026-11-27T18:40:00Z', '00:10'],
    ['en-GB', '2026-11-27T13:45:00Z', '19:15'],
    ['en-US', '2026-11-27T18:40:00Z', '12:10 AM'],
    ['en-US', '2026-11-27T13:45:00Z', '7:15 PM'],
    ['en-IN', '2026-11-27T06:30:00Z', '12:00 pm'],
  ])('%s %s', (region, at, expected) => {
    vi.stubGlobal('navigator', { languages: [region] });
    expect(plain(clock(at, india))).toBe(expected);
  });

  test.each(['hi', 'ar'] as const)('%s has Latin digits', async (language) => {
    await speak(language);
    expect(plain(clock('2026-11-27T18:40:00Z', india))).toMatch(/^12:10\s\S+$/);
  });
});

test('second', () => {
  expect(second('2026-11-27T18:40:05Z', india)).toBe('00:10:05');
});

describe('when', () => {
  const now = Date.parse('2026-11-27T12:00:00Z');
  const said = (at: string, zone = india) => plain(when(at, zone, now)).replaceAll(',', '');

  test.each([
    ['2026-11-27T13:45:00Z', 'today 19:15'],
    ['2026-11-27T18:40:00Z', 'tomorrow 00:10'],
    ['2026-11-28T13:45:00Z', 'tomorrow 19:15'],
    ['2026-11-28T18:40:00Z', 'Sun 29 Nov 00:10'],
    ['2026-11-26T13:45:00Z', 'Thu 26 Nov 19:15'],
    ['2026-12-31T18:40:00Z', 'Fri 1 Jan 00:10'],
  ])('%s', (at, expected) => {
    expect(said(at)).toBe(expected);
  });

  test('the theater decides what today is', () => {
    expect(said('2026-11-28T04:30:00Z', york)).toBe('today 23:30 (New York time)');
  });

  test('names the zone for a reader in another one', () => {
    vi.stubEnv('TZ', 'Europe/London');
    expect(said('2026-11-27T13:45:00Z')).toBe('today 19:15 (Kolkata time)');
  });
});

describe('elsewhere', () => {
  const at = '2026-11-27T13:45:00Z';
  test.each([
    [india, india, ''],
    ['Asia/Calcutta', india, ''],
    ['Asia/Colombo', india, ''],
    ['Asia/Karachi', india, ' (Kolkata time)'],
    ['Asia/Kathmandu', india, ' (Kolkata time)'],
    ['Europe/London', 'America/Argentina/Buenos_Aires', ' (Buenos Aires time)'],
    ['Pacific/Auckland', 'Pacific/Honolulu', ' (Honolulu time)'],
    ['Pacific/Kiritimati', 'Pacific/Honolulu', ' (Honolulu time)'], // the same clock, another day
  ])('a reader in %s, a theater in %s', (own, zone, expected) => {
    vi.stubEnv('TZ', own);
    expect(elsewhere(at, zone)).toBe(expected);
  });
});

test.each([
  [0, '0 min'],
  [59, '59 min'],
  [60, '1 h 00'],
  [169, '2 h 49'],
  [125, '2 h 05'],
])('length of %i', (minutes, expected) => {
  expect(length(minutes)).toBe(expected);
});

test.each([
  [297_000, '4:57'],
  [296_001, '4:57'],
  [60_000, '1:00'],
  [59_001, '1:00'],
  [5000, '0:05'],
  [1, '0:01'],
  [0, '0:00'],
  [-5000, '0:00'],
  [3_600_000, '60:00'],
])('left of %i ms', (ms, expected) => {
  expect(left(ms)).toBe(expected);
});
