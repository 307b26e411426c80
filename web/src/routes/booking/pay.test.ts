import { expect, test } from 'vitest';

import { checkoutAddress } from './pay';

const origin = 'https://box.example';
const way = 'https://box.example/bookings/1?paid&key=1abc';
const back = encodeURIComponent(way);

test.each([
  ['/checkout/1', 'https://box.example/checkout/1'],
  ['https://box.example/checkout/1?a=b', 'https://box.example/checkout/1?a=b'],
  ['https://pay.example/c/1', `https://pay.example/c/1?return_url=${back}`],
  ['https://pay.example/c/1?a=b', `https://pay.example/c/1?a=b&return_url=${back}`],
  ['https://pay.example/c/1#key', `https://pay.example/c/1?return_url=${back}#key`],
  ['https://pay.example/c/1?return_url=x', 'https://pay.example/c/1?return_url=x'],
  ['http://box.example/checkout/1', `http://box.example/checkout/1?return_url=${back}`],
])('%s', (address, expected) => {
  expect(checkoutAddress(address, way, origin)).toBe(expected);
});
