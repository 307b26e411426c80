import { expect, test } from 'vitest';

import { nextPlace } from './next';

const origin = 'https://box.example';

test.each([
  ['/bookings/1', '/bookings/1'],
  ['/shows/1?party=2&row=A', '/shows/1?party=2&row=A'],
  ['/search?q=a%20b', '/search?q=a%20b'],
  ['/', '/'],
  ['/bookings?next=https://evil.example', '/bookings?next=https://evil.example'],
  ['/a/../tickets', '/tickets'],
  [null, '/'],
  ['', '/'],
  ['bookings', '/'],
  ['?q=1', '/'],
  ['https://evil.example', '/'],
  ['https://box.example/tickets', '/'],
  ['//evil.example', '/'],
  ['///evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/.//evil.example', '/'],
  ['/a/..//evil.example', '/'],
  ['/./\\evil.example', '/'],
  ['//', '/'],
  ['javascript:alert(1)', '/'],
  ['data:text/html,x', '/'],
  [' /tickets', '/'],
])('%j', (asked, expected) => {
  expect(nextPlace(asked, origin)).toBe(expected);
  expect(new URL(nextPlace(asked, origin), origin).origin).toBe(origin);
});
