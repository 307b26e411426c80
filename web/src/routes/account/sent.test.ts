// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { noteSent, patience, sentAt, untilNext } from './sent';

beforeEach(() => sessionStorage.clear());
afterEach(() => {
  vi.unstubAllGlobals();
});

test('A code is remembered for its address, also where nothing can be stored', () => {
  const at = noteSent('a@example.com');
  expect(sentAt('a@example.com')).toBe(at);
  expect(sentAt('b@example.com')).toBeUndefined();
  const forbidden = () => {
    throw new DOMException('forbidden', 'SecurityError');
  };
  vi.stubGlobal('sessionStorage', { getItem: forbidden, setItem: forbidden });
  const later = noteSent('b@example.com');
  expect(sentAt('b@example.com')).toBe(later);
});

test.each([
  ['at once', 0, patience / 1000],
  ['a moment later', 1, patience / 1000],
  ['a second before', patience - 1000, 1],
  ['in time', patience, 0],
  ['long after', 10 * patience, 0],
  ['by a clock that was set back', -10 * patience, patience / 1000],
])('The next code: %s', (_, passed, seconds) => {
  expect(untilNext(5_000_000, 5_000_000 + passed)).toBe(seconds);
});
