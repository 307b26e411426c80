// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';

const forgotten = vi.hoisted(() => vi.fn());
vi.mock('../api/client', () => ({
  api: { DELETE: (_: string, options: { params: { path: { id: string } } }) => forgotten(options.params.path.id) },
  answered: async (call: unknown) => call,
  useLinks: () => {},
}));

// Each test loads the modules again, which takes a while on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

const one = '6f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0';
const other = '7f1d2c3b-4a59-5687-9706-a5b4c3d2e1f0';

/** The app as it starts at an address. */
async function at(address: string) {
  vi.resetModules();
  history.replaceState(null, '', address);
  const link = await import('./link');
  link.arrive();
  return link;
}

beforeEach(() => {
  localStorage.clear();
  forgotten.mockReset();
  vi.stubGlobal('scrollTo', () => {});
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
});

test('a link is remembered, and taken off the address', async () => {
  const link = await at(`/bookings/${one}?by=link&paid`);
  expect(link.openedByLink(one)).toBe(true);
  expect(link.openedByLink(other)).toBe(false);
  expect(location.pathname + location.search).toMatch(/^\/bookings\/[^?]+\?paid=?$/);
  expect((await at('/tickets/' + one)).openedByLink(one), 'on the next visit').toBe(true);
});

test.each([
  [`/bookings/${one}?paid&key=1abc`, /^\/bookings\/[^?]+\?paid=?$/],
  ['/b?1abc', /^\/tickets$/],
])('without a network the app takes the key off %s', async (address, left) => {
  const link = await at(address);
  expect(location.pathname + location.search).toMatch(left);
  expect(link.openedByLink(one)).toBe(false);
});

test.each([`/bookings/${one}`, `/bookings/${one}?by=mail`, '/?by=link', `/bookings/${one}?paid`])('no link led to %s', async (address) => {
  const link = await at(address);
  expect(link.openedByLink(one)).toBe(false);
  expect(location.search).not.toContain('by=');
});

test('a link that is refused is forgotten, the others stay', async () => {
  await at(`/bookings/${other}?by=link`);
  const link = await at(`/bookings/${one}?by=link`);
  link.dropLink(one);
  expect(link.openedByLink(one)).toBe(false);
  expect(link.openedByLink(other)).toBe(true);
});

test('a log-out has the server take the cookies away', async () => {
  await at(`/bookings/${other}?by=link`);
  const link = await at(`/bookings/${one}?by=link`);
  forgotten.mockRejectedValueOnce(new Error('offline'));
  await link.forgetLinks();
  expect(forgotten.mock.calls.flat().sort()).toEqual([one, other]);
  expect([link.openedByLink(one), link.openedByLink(other)]).toEqual([false, false]);
  expect(JSON.stringify({ ...localStorage })).not.toContain(one);
});

test('only so many links are remembered, the latest', async () => {
  localStorage.setItem('boxoffice.links', JSON.stringify(Array.from({ length: 80 }, (_, i) => 'old-' + i)));
  await at(`/bookings/${one}?by=link`);
  const kept = JSON.parse(localStorage.getItem('boxoffice.links')!) as string[];
  expect(kept).toHaveLength(50);
  expect(kept.at(-1)).toBe(one);
});

test.each(['nope', '{}', '[1,null]', '"x"'])('what it cannot read is no link: %s', async (text) => {
  localStorage.setItem('boxoffice.links', text);
  const link = await at('/');
  expect(link.openedByLink(one)).toBe(false);
});

test('a browser that keeps nothing shows the booking of this visit', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new Error('forbidden');
  });
  const link = await at(`/bookings/${one}?by=link`);
  vi.restoreAllMocks();
  expect(link.openedByLink(one)).toBe(true);
});
