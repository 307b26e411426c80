import { expect, test } from 'vitest';

import { lines } from './costs';

const seat = (name: string, category: string, amount: number) => ({ seat: name, category, price: { amount, currency: 'INR' } });
const short = (given: ReturnType<typeof seat>[]) => lines(given).map((l) => [l.category, l.seats.join(' '), l.each.amount, l.total.amount, l.total.currency]);

test.each([
  ['none', [], []],
  ['one', [seat('A1', 'gold', 100)], [['gold', 'A1', 100, 100, 'INR']]],
  ['one category', [seat('A1', 'gold', 100), seat('A2', 'gold', 100), seat('A3', 'gold', 100)], [['gold', 'A1 A2 A3', 100, 300, 'INR']]],
  [
    'categories in between',
    [seat('A1', 'gold', 100), seat('B1', 'silver', 50), seat('A2', 'gold', 100)],
    [
      ['gold', 'A1 A2', 100, 200, 'INR'],
      ['silver', 'B1', 50, 50, 'INR'],
    ],
  ],
  [
    'two prices of one category',
    [seat('A1', 'gold', 100), seat('A2', 'gold', 80)],
    [
      ['gold', 'A1', 100, 100, 'INR'],
      ['gold', 'A2', 80, 80, 'INR'],
    ],
  ],
  [
    'one price of two categories',
    [seat('A1', 'gold', 100), seat('B1', 'sofa', 100)],
    [
      ['gold', 'A1', 100, 100, 'INR'],
      ['sofa', 'B1', 100, 100, 'INR'],
    ],
  ],
])('%s', (_, given, expected) => {
  expect(short(given)).toEqual(expected);
});

test('leaves the prices as they are', () => {
  const given = [seat('A1', 'gold', 100), seat('A2', 'gold', 100)];
  lines(given);
  expect(given.map((s) => s.price.amount)).toEqual([100, 100]);
});
