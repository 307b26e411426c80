import { beforeAll, describe, expect, test, vi } from 'vitest';

import type { Seat, SeatType } from './hall';
import { categoryName, seatName, shapes } from './names';

beforeAll(() => {
  vi.stubGlobal('navigator', { languages: ['en-IN'] });
});

const seat = (type: SeatType = 'standard', category = 'gold'): Seat => ({ id: 'C7', row: 2, index: 6, x: 6, type, category, label: 'C' });
const cost = { amount: 45000, currency: 'INR' };

describe('seatName', () => {
  test.each([
    [seat(), 'free', cost, 'C7, gold, ₹450, free'],
    [seat(), 'mine', cost, 'C7, gold, ₹450, yours'],
    [seat(), 'held', cost, 'C7, gold, held by somebody'],
    [seat(), 'sold', cost, 'C7, gold, sold'],
    [seat(), 'free', undefined, 'C7, gold, free'],
    [seat('wheelchair'), 'free', cost, 'C7, gold, wheelchair space, ₹450, free'],
    [seat('companion'), 'sold', cost, 'C7, gold, companion seat, sold'],
    [seat('sofa'), 'free', cost, 'C7, gold, sofa, sold in pairs, ₹450, free'],
    [seat('recliner'), 'sold', cost, 'C7, gold, recliner, sold'],
    [seat('recliner', 'recliner'), 'sold', cost, 'C7, recliner, sold'],
    [seat('sofa', 'sofa'), 'sold', cost, 'C7, sofa, sofa, sold in pairs, sold'],
    [seat('standard', 'Balcony'), 'sold', cost, 'C7, Balcony, sold'],
  ] as const)('%#: $3', (given, state, price, expected) => {
    expect(seatName(given, state, price)).toBe(expected);
  });
});

test('categoryName', () => {
  expect(categoryName('premium')).toBe('premium');
  expect(categoryName('Dress circle')).toBe('Dress circle');
});

describe('shapes', () => {
  const inr = (amount: number) => ({ amount, currency: 'INR' });
  test('the cheapest comes first', () => {
    expect([...shapes({ gold: inr(300), silver: inr(200), sofa: inr(900) })]).toEqual([
      ['silver', 'shape0'],
      ['gold', 'shape1'],
      ['sofa', 'shape2'],
    ]);
  });
  test('the dearest share one', () => {
    const found = shapes({ a: inr(1), b: inr(2), c: inr(3), d: inr(4), e: inr(5) });
    expect([found.get('d'), found.get('e')]).toEqual(['shape3', 'shape3']);
  });
});
