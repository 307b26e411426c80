import { describe, expect, test } from 'vitest';

import { fullness, hours, lanes, upcoming, type HomeMovie, type HomeShow } from './home';

const show = (starts_at: string) => ({ starts_at, availability: 'plenty' }) as HomeShow;
const movie = (...starts: string[]) => ({ shows: starts.map(show) }) as HomeMovie;
const at = Date.parse;

test('upcoming leaves out shows that started, and movies without shows', () => {
  const movies = [movie('2026-11-27T10:00:00Z', '2026-11-27T12:00:00Z'), movie('2026-11-27T09:00:00Z'), movie('2026-11-27T11:00:00Z')];
  const left = upcoming(movies, at('2026-11-27T11:00:00Z'));
  expect(left.map((m) => m.shows.map((s) => s.starts_at))).toEqual([['2026-11-27T12:00:00Z']]);
  expect(movies[0]!.shows).toHaveLength(2);
});

test('fullness rises', () => {
  expect((['plenty', 'filling', 'last_seats', 'sold_out'] as const).map(fullness)).toEqual([1, 3, 4, 4]);
});

describe('hours', () => {
  const india = 'Asia/Kolkata';
  const york = 'America/New_York';
  // Name, zone, now, starts of shows, first hour, last hour.
  test.each<[string, string, string, string[], string, string]>([
    ['India has half hours', india, '2026-11-27T06:00:00Z', ['2026-11-27T13:45:00Z'], '2026-11-27T13:30:00Z', '2026-11-27T19:30:00Z'],
    ['New York', york, '2026-11-27T12:00:00Z', ['2026-11-28T00:15:00Z'], '2026-11-28T00:00:00Z', '2026-11-28T06:00:00Z'],
    ['a full hour stays', york, '2026-11-27T12:00:00Z', ['2026-11-28T00:00:00Z'], '2026-11-28T00:00:00Z', '2026-11-28T06:00:00Z'],
    ['over midnight in India', india, '2026-11-27T06:00:00Z', ['2026-11-27T18:40:00Z'], '2026-11-27T18:30:00Z', '2026-11-28T00:30:00Z'],
    ['the hour after the last show', india, '2026-11-27T01:00:00Z', ['2026-11-27T04:30:00Z', '2026-11-27T16:50:00Z'], '2026-11-27T04:30:00Z', '2026-11-27T17:30:00Z'],
    ['now when it is close', india, '2026-11-27T13:10:00Z', ['2026-11-27T13:45:00Z'], '2026-11-27T12:30:00Z', '2026-11-27T18:30:00Z'],
    ['not when it is an hour away', india, '2026-11-27T12:45:00Z', ['2026-11-27T13:45:00Z'], '2026-11-27T13:30:00Z', '2026-11-27T19:30:00Z'],
    ['in the night when clocks go back', york, '2026-10-31T12:00:00Z', ['2026-11-01T05:30:00Z'], '2026-11-01T05:00:00Z', '2026-11-01T11:00:00Z'],
  ])('%s', (_, zone, now, starts, first, last) => {
    const found = hours([movie(...starts)], at(now), zone);
    expect([found[0], found.at(-1)].map((ms) => new Date(ms!).toISOString())).toEqual([first, last].map((s) => new Date(s).toISOString()));
    found.forEach((ms, i) => expect(ms).toBe(found[0]! + i * 3600_000));
  });

  test('seconds of the present are cut off', () => {
    expect(hours([movie('2026-11-27T13:45:00Z')], at('2026-11-27T13:10:42.123Z'), india)[0]).toBe(at('2026-11-27T12:30:00Z'));
  });

  test('no shows, no hours', () => {
    expect(hours([], Date.now(), india)).toEqual([]);
  });
});

describe('lanes', () => {
  const hour = 3600_000;
  test.each([
    ['far from each other', ['10:00', '12:00', '14:00'], [0, 0, 0]],
    ['one begins where the other ends', ['10:00', '11:00'], [0, 0]],
    ['on each other', ['10:00', '10:30', '10:45'], [0, 1, 2]],
    ['a lane is used again', ['10:00', '10:30', '11:00', '11:30'], [0, 1, 0, 1]],
    ['at the same time', ['10:00', '10:00'], [0, 1]],
    ['none', [], []],
  ])('%s', (_, starts, expected) => {
    const shows = starts.map((s) => show(`2026-11-27T${s}:00Z`));
    const found = lanes(shows, hour);
    expect(found.map((f) => f.lane)).toEqual(expected);
    expect(found.map((f) => f.show)).toEqual(shows);
  });
});
