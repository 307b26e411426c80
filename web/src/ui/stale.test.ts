import { beforeEach, expect, test, vi } from 'vitest';

import { once } from './stale';

const reload = vi.fn();
const refused = vi.fn();
let kept: Map<string, string>;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-27T12:00:00Z') });
  vi.clearAllMocks();
  kept = new Map();
  vi.stubGlobal('location', { reload });
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('sessionStorage', { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => kept.set(name, value) });
  return () => vi.useRealTimers();
});

const calls = () => [reload.mock.calls.length, refused.mock.calls.length];

test('loads once a minute', () => {
  once(refused);
  expect(calls()).toEqual([1, 0]);
  vi.advanceTimersByTime(59_999);
  once(refused);
  expect(calls()).toEqual([1, 1]);
  vi.advanceTimersByTime(1);
  once(refused);
  expect(calls()).toEqual([2, 1]);
});

test('does not load without a network', () => {
  vi.stubGlobal('navigator', { onLine: false });
  once(refused);
  expect(calls()).toEqual([0, 1]);
  expect(kept.size).toBe(0);
});

test.each(['getItem', 'setItem'])('does not load when %s throws: it would be a loop', (name) => {
  const forbidden = () => {
    throw new DOMException('forbidden', 'SecurityError');
  };
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, [name]: forbidden });
  once(refused);
  expect(calls()).toEqual([0, 1]);
});
