import { expect, test } from 'vitest';

import { returned, tidy, wayBack } from './returned';

const origin = 'https://box.example';
const read = (address: string, kept: string | null = null) => {
  const { search, hash } = new URL(address, origin);
  return returned({ search, hash }, kept, origin);
};
const encoded = (place: string) => encodeURIComponent(place);

test.each([
  ['/', false, '/login'],
  ['/shows/1?party=2&row=A', false, '/login?next=%2Fshows%2F1%3Fparty%3D2%26row%3DA'],
  ['/tickets', true, '/login?next=%2Ftickets&claim'],
  ['/', true, '/login?claim'],
])('from %s (claim: %s) and back', (next, claim, address) => {
  const back = wayBack(next, claim);
  const all = [
    [read(back), { entered: true }],
    [read(`/login?link=pop&return_to=${encoded(back)}`), { link: true }],
    [read(`/login?return_to=${encoded(back)}#challenge=abc&way=totp&way=recovery_code`), { step: { challenge: 'abc' } }],
    [read('/login?error=provider&request=01-ab', back), { refused: '01-ab' }],
  ] as const;
  for (const [got, more] of all) {
    expect(got).toEqual({ next, claim, ...more });
    expect(tidy(got!)).toBe(address);
  }
});

test.each(['/login', '/login?next=/tickets', '/login?error=other', '/login#challenge=', '/login?return_to=/tickets', '/login#way=totp'])('%s is no return', (address) => {
  expect(read(address)).toBeUndefined();
});

test.each([
  '/login?entered=1&next=https://evil.example',
  `/login?link=pop&return_to=${encoded('/login?next=' + encoded('//evil.example'))}`,
  `/login?link=pop&return_to=${encoded('https://evil.example/login?next=/a')}`,
  `/login?return_to=${encoded('/.//evil.example')}#challenge=x`,
])('%s leads to the first page', (address) => {
  expect(read(address)?.next).toBe('/');
});

test('a place of another kind is where to go', () => {
  expect(read('/login?link=pop&return_to=/account/security')).toEqual({ next: '/account/security', claim: false, link: true });
});

test('what is no id is not shown', () => {
  expect(read('/login?error=provider&request=' + encoded('call 555 1234 now'))?.refused).toBe('');
  expect(read('/login?error=provider')?.refused).toBe('');
});

test('a place that is too long for the server is left out', () => {
  expect(wayBack('/shows/1?row=' + 'é'.repeat(200), false)).toBe('/login?entered=1');
  expect(wayBack('/shows/1?row=A', true).length).toBeLessThan(100);
});
