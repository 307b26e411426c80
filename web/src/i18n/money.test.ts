import { beforeEach, describe, expect, test, vi } from 'vitest';

import { speak, type Language } from './i18n.svelte';
import { decimal, digits, money, price, sum } from './money';

/** Marks of direction and kinds of spaces differ between versions of ICU. */
const plain = (text: string) => text.replace(/[\u061c\u200e\u200f\u2066-\u2069]/g, '').replace(/[\u00a0\u202f]/g, ' ');
const of = (amount: number, currency: string) => ({ amount, currency });

beforeEach(async () => {
  vi.stubGlobal('document', { documentElement: {} });
  vi.stubGlobal('navigator', { languages: ['en-IN'] });
  await speak('en');
});

test.each([
  [of(60280, 'INR'), '602.80'],
  [of(5, 'INR'), '0.05'],
  [of(50, 'INR'), '0.50'],
  [of(0, 'INR'), '0.00'],
  [of(-5, 'INR'), '-0.05'],
  [of(-60280, 'INR'), '-602.80'],
  [of(1800, 'JPY'), '1800'],
  [of(0, 'JPY'), '0'],
  [of(-18, 'JPY'), '-18'],
  [of(4500, 'KWD'), '4.500'],
  [of(5, 'KWD'), '0.005'],
  [of(Number.MAX_SAFE_INTEGER, 'INR'), '90071992547409.91'],
])('decimal %j', (value, expected) => {
  expect(decimal(value)).toBe(expected);
});

test.each([
  ['INR', 2],
  ['JPY', 0],
  ['KWD', 3],
])('digits of %s', (currency, expected) => {
  expect(digits(currency)).toBe(expected);
});

test.each<[Language, string, ReturnType<typeof of>, string, string]>([
  ['en', 'en-IN', of(60280, 'INR'), '₹602.80', '₹602.80'],
  ['en', 'en-IN', of(45000, 'INR'), '₹450.00', '₹450'],
  ['en', 'en-IN', of(123450, 'INR'), '₹1,234.50', '₹1,234.50'],
  ['en', 'en-IN', of(12345600, 'INR'), '₹1,23,456.00', '₹1,23,456'],
  ['en', 'en-US', of(123450, 'USD'), '$1,234.50', '$1,234.50'],
  ['en', 'en-GB', of(123400, 'GBP'), '£1,234.00', '£1,234'],
  ['en', 'en-US', of(1800, 'JPY'), '¥1,800', '¥1,800'],
  ['en', 'en-US', of(4500, 'KWD'), 'KWD 4.500', 'KWD 4.500'],
  ['hi', 'hi', of(123450, 'INR'), '₹1,234.50', '₹1,234.50'],
  ['ar', 'ar', of(123450, 'INR'), '1,234.50 ₹', '1,234.50 ₹'],
  ['ar', 'ar', of(45000, 'INR'), '450.00 ₹', '450 ₹'],
])('%s (%s) %j', async (language, region, value, full, short) => {
  vi.stubGlobal('navigator', { languages: [region] });
  await speak(language);
  expect(plain(money(value))).toBe(full);
  expect(plain(price(value))).toBe(short);
});

test('no digit is lost in a great amount', () => {
  expect(plain(money(of(Number.MAX_SAFE_INTEGER, 'INR'))).replaceAll(',', '')).toBe('₹90071992547409.91');
});

describe('sum', () => {
  test.each([
    [[], undefined],
    [[of(1, 'INR')], of(1, 'INR')],
    [[of(10, 'INR'), of(20, 'INR'), of(-5, 'INR')], of(25, 'INR')],
  ])('%j', (values, expected) => {
    expect(sum(values)).toEqual(expected);
  });

  test('leaves its parts as they are', () => {
    const parts = [of(1, 'INR'), of(2, 'INR')];
    sum(parts);
    expect(parts).toEqual([of(1, 'INR'), of(2, 'INR')]);
  });
});
