import { afterEach, describe, expect, test, vi } from 'vitest';

import { deviceZone, meant, shownIn, zones } from './zones';

afterEach(() => vi.restoreAllMocks());

test('zones have the names of today, each once', () => {
  vi.spyOn(Intl, 'supportedValuesOf').mockReturnValue(['Asia/Calcutta', 'Asia/Kolkata', 'Europe/Kiev', 'Africa/Cairo']);
  expect(zones()).toEqual(['Africa/Cairo', 'Asia/Kolkata', 'Europe/Kyiv', 'UTC']);
});

test('the device has a name of today', () => {
  vi.spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions').mockReturnValue({ timeZone: 'Asia/Calcutta' } as Intl.ResolvedDateTimeFormatOptions);
  expect(deviceZone()).toBe('Asia/Kolkata');
});

describe('meant', () => {
  const all = ['America/New_York', 'America/Indiana/Knox', 'America/Knox', 'Asia/Kolkata', 'Asia/Ho_Chi_Minh', 'UTC'];
  test.each([
    ['', ''],
    ['  ', ''],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['asia/kolkata', 'Asia/Kolkata'],
    [' Kolkata ', 'Asia/Kolkata'],
    ['new york', 'America/New_York'],
    ['ho chi  minh', 'Asia/Ho_Chi_Minh'],
    ['utc', 'UTC'],
    ['Asia/Calcutta', 'Asia/Kolkata'],
    ['Knox', 'Knox'], // two of them: the platform asks
    ['Atlantis', 'Atlantis'],
    ['York', 'York'],
  ])('%j', (typed, zone) => {
    expect(meant(typed, all)).toBe(zone);
  });
});

test('times are shown in a zone that the browser knows', () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  expect([shownIn('Africa/Cairo'), shownIn(''), shownIn(undefined), shownIn('Moon/Tranquility')]).toEqual(['Africa/Cairo', own, own, own]);
});
