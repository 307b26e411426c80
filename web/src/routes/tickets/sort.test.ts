import { expect, test } from 'vitest';

import type { Booking } from '../../booking/watch.svelte';
import { sorted } from './sort';

const now = Date.parse('2026-11-27T12:00:00Z');

function booking(id: string, status: Booking['status'], starts: string, ends: string, created = '2026-11-01T00:00:00Z'): Booking {
  return { id, status, created_at: created, show: { starts_at: starts, ends_at: ends } } as Booking;
}

const later = ['2026-11-27T14:00:00Z', '2026-11-27T16:00:00Z'] as const;
const ids = (list: Booking[]) => list.map((b) => b.id).join(' ');

test.each([
  ['held', later, true],
  ['confirmed', later, true],
  ['cancelled', later, false],
  ['expired', later, false],
  ['payment_failed', later, false],
  ['rejected', later, false],
  ['confirmed', ['2026-11-27T11:00:00Z', '2026-11-27T13:00:00Z'], true],
  ['confirmed', ['2026-11-27T09:00:00Z', '2026-11-27T11:00:00Z'], false],
  ['confirmed', ['2026-11-27T09:00:00Z', '2026-11-27T12:00:00Z'], false],
] as const)('%s, %j', (status, [starts, ends], upcoming) => {
  const found = sorted([booking('x', status, starts, ends)], now);
  expect([ids(found.upcoming), ids(found.past)]).toEqual(upcoming ? ['x', ''] : ['', 'x']);
});

test('the next show comes first, and the latest of the past', () => {
  const given = [
    booking('b', 'confirmed', '2026-11-29T10:00:00Z', '2026-11-29T12:00:00Z'),
    booking('p', 'expired', later[0], later[1], '2026-11-20T10:00:00.1Z'),
    booking('a', 'held', '2026-11-28T10:00:00Z', '2026-11-28T12:00:00Z'),
    booking('q', 'cancelled', later[0], later[1], '2026-11-20T10:00:00.12Z'),
    booking('r', 'rejected', later[0], later[1], '2026-11-20T10:00:00Z'),
    booking('c', 'confirmed', '2026-11-29T16:00:00+05:30', '2026-11-29T18:00:00+05:30'),
  ];
  const order = ids(given);
  const found = sorted(given, now);
  expect([ids(found.upcoming), ids(found.past)]).toEqual(['a b c', 'q p r']);
  expect(ids(given)).toBe(order);
});
