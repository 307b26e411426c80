import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { kept } from './kept';
import { money } from './money';
import { clock, when } from './time';

test('A thing is made once for each name, also when it is nothing', () => {
  const make = vi.fn(() => undefined);
  expect([kept('nothing', make), kept('nothing', make), kept('nothing else', make)]).toEqual([undefined, undefined, undefined]);
  expect(make).toHaveBeenCalledTimes(2);
});

beforeEach(() => vi.stubGlobal('navigator', { languages: ['en-IN'] }));
afterEach(() => vi.restoreAllMocks());

test('What has been written once needs no new format', () => {
  const write = () => [money({ amount: 45000, currency: 'INR' }), clock('2026-11-27T14:00:00Z', 'Asia/Kolkata'), when('2026-11-27T14:00:00Z', 'Asia/Kolkata', Date.parse('2026-11-27T12:00:00Z'))];
  const first = write();
  const made = [vi.spyOn(Intl, 'NumberFormat'), vi.spyOn(Intl, 'DateTimeFormat')];
  expect(write()).toEqual(first);
  for (const spy of made) expect(spy).not.toHaveBeenCalled();
});
