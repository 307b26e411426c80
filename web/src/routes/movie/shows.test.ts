import { expect, test } from 'vitest';

import { cheapest, marks } from './shows';

const inr = (amount: number) => ({ amount, currency: 'INR' });
const show = (...amounts: number[]) => ({ prices: Object.fromEntries(amounts.map((amount, i) => ['c' + i, inr(amount)])) }) as Parameters<typeof cheapest>[0][number];

test.each([
  ['none', [], undefined],
  ['no prices', [show()], undefined],
  ['one show', [show(300, 200, 400)], inr(200)],
  ['two shows', [show(300), show(400, 250)], inr(250)],
])('cheapest: %s', (_, shows, expected) => {
  expect(cheapest(shows)).toEqual(expected);
});

test.each([
  [false, false, false, []],
  [true, false, false, ['captions']],
  [true, true, true, ['captions', 'audio description', 'relaxed']],
])('marks: %s %s %s', (captions, audio_description, relaxed, expected) => {
  expect(marks({ captions, audio_description, relaxed })).toEqual(expected);
});
