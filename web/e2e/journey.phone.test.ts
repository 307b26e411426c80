import { expect, test } from 'vitest';

import { findShow, newcomer } from './platform';
import { cards, payWith, readyOffline, seat, stage, until } from './world';

const there = stage();

test('A phone: from sign-up to a ticket without a network, and the money back', { timeout: 120_000 }, async () => {
  const show = await findShow({ wider: 14 });
  const asha = newcomer();
  const { page, context, allow } = await there.visit('phone');

  await page.goto('/?city=' + show.city);
  await page.getByRole('link', { name: 'Log in' }).tap();
  await page.getByRole('link', { name: 'Sign up' }).tap();
  await page.getByLabel('Name').fill(asha.name);
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.getByRole('button', { name: 'Sign up', exact: true }).tap();
  await page.getByRole('link', { name: 'Account' }).waitFor();

  await page.getByRole('link', { name: 'Search' }).tap();
  await page.getByRole('combobox', { name: 'Movie, person or theater' }).fill(show.movie.title);
  await page.getByRole('option', { name: show.movie.title }).first().tap();
  await page.getByRole('heading', { level: 1, name: show.movie.title }).waitFor();
  await page.locator(`nav a[href*="date=${show.date}"]`).tap();
  await page.locator(`a[href="/shows/${show.id}"]`).tap();

  // No finger can hit such a small seat: the first tap comes closer, the second one takes.
  const wanted = seat(page, show.free[20]!);
  await wanted.waitFor();
  const before = (await wanted.boundingBox())!;
  expect(before.width).toBeLessThan(24);
  await wanted.tap();
  const tapped = Date.now();
  await until('the map comes closer', async () => (await wanted.boundingBox())!.width > 24);
  await until('a second tap is no double tap', () => Date.now() - tapped > 500);
  expect(await wanted.getAttribute('aria-label')).toContain('free');
  await wanted.tap();
  await until('the second tap takes', async () => (await wanted.getAttribute('aria-label'))?.endsWith('yours'));

  await page.getByRole('button', { name: 'Best 2 together' }).tap();
  const keep = page.getByRole('button', { name: /^Keep .+ and .+/ });
  await keep.waitFor();
  const [, first, second] = /^Keep (\S+) and (\S+)$/.exec((await keep.textContent())!)!;
  await page.getByText('fees and taxes included').waitFor();
  await keep.tap();

  const pay = page.getByRole('button', { name: /^Pay ₹/ });
  await pay.tap();
  await payWith(page, cards.declined, (button) => button.tap());
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Go back without paying' }).tap();
  const declined = page.getByRole('alert').filter({ hasText: 'Your bank said no to this card.' });
  await declined.waitFor();
  expect(await declined.textContent()).toContain(`${first} and ${second} are still yours`);
  expect(await declined.textContent()).toMatch(/declined/);

  await page.getByRole('button', { name: 'Or pay with card or wallet' }).tap();
  await payWith(page, cards.pays, (button) => button.tap());
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  await page.getByText('The seats are sold to you.').waitFor();

  await page.getByRole('link', { name: 'Show the ticket' }).tap();
  const qr = page.getByRole('img', { name: 'QR code for the door' });
  await qr.waitFor();
  await page.getByText('works without a network').waitFor();
  await readyOffline(page);

  allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/, 'the phone has no network');
  await context.setOffline(true);
  await page.reload();
  await qr.waitFor();
  await until('the picture of the code is drawn', () => qr.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 100));
  await page.getByText(`${first} ${second}`).waitFor();
  await context.setOffline(false);

  await page.getByRole('link', { name: 'Booking', exact: true }).tap();
  await page.getByRole('link', { name: 'Cancel this booking' }).tap();
  const cancel = page.getByRole('button', { name: /^Cancel and get ₹[\d.,]+ back$/ });
  const refund = /₹[\d.,]+/.exec((await cancel.textContent())!)![0];
  await cancel.tap();
  await page.getByText('Cancelled', { exact: true }).waitFor();
  await page.getByText(new RegExp(`^${refund.replaceAll('.', '\\.')} (was given back|is on its way back to you)`)).first().waitFor();
});
