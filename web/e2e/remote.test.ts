/** A theater that sells from its own system: at its counter, and through the app. */
import { mkdirSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { atCounter, booking, letterTo, opensDoor, pauseTheater, remoteShow, signUp, type Show } from './platform';
import { cards, logIn, payWith, readyOffline, screens as folder, stage, until, type Kind } from './world';

const there = stage();
beforeAll(() => void mkdirSync(folder, { recursive: true }));
// Other tests sell its seats.
afterAll(() => pauseTheater(false));

async function picture(page: Page, kind: Kind, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${folder}remote-${name}-${kind === 'phone' ? 390 : 1440}-light.png`, fullPage: name !== 'seats' });
}

/** Takes seats that the page proposes, and gives their names. */
async function choose(page: Page, show: Show): Promise<string[]> {
  await page.goto('/shows/' + show.id);
  await page.getByRole('button', { name: 'Best 2 together' }).click();
  const keep = page.getByRole('button', { name: /^Keep .+ and .+/ });
  await keep.waitFor();
  return /^Keep (\S+) and (\S+)$/.exec((await keep.textContent())!)!.slice(1);
}

test.each(['phone', 'desktop'] as const)('A %s: the counter sells a seat under the customer’s feet, others are offered, and the ticket has the theater’s codes', { timeout: 120_000 }, async (kind) => {
  const { show, external } = await remoteShow();
  const customer = await signUp();
  const { page, context, allow } = await there.visit(kind, { colorScheme: 'light' });
  allow(/status of 409/, 'the counter was faster');
  await logIn(page, customer);

  const chosen = await choose(page, show);
  await page.getByText(/^Seats as of \d+:\d\d( [ap]m)?\. The theater sells them at its counter, too/).waitFor({ timeout: 30_000 });
  await picture(page, kind, 'seats');

  await atCounter({ action: 'sell', show: external.id, seats: [chosen[0]!] });
  await page.getByRole('button', { name: /^Keep / }).click();
  await page.getByText(`${chosen[0]} was just taken by somebody else.`).first().waitFor();
  await picture(page, kind, 'taken');
  const offer = page.locator('.offers button').first();
  expect(await offer.innerText()).not.toContain(chosen[0]);
  await offer.click();
  await page.getByRole('button', { name: /^Keep / }).click();
  await page.waitForURL(/\/bookings\//);
  const id = new URL(page.url()).pathname.split('/').pop()!;
  await page.getByRole('button', { name: /^Pay £/ }).click();
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByRole('link', { name: 'Show the ticket' }).waitFor({ timeout: 30_000 });
  await picture(page, kind, 'booking');

  await page.getByRole('link', { name: 'Show the ticket' }).click();
  const { seats, ticket } = await booking(customer, id);
  const codes = ticket!.theater_codes!;
  expect(Object.keys(codes).sort()).toEqual([...seats].sort());
  for (const seat of seats) {
    await page.getByRole('img', { name: `QR code of seat ${seat} for the door` }).waitFor();
    await page.getByText(codes[seat]!, { exact: true }).waitFor();
    expect(await opensDoor(codes[seat]!), 'the code opens the theater’s door').toBe(true);
  }
  await page.getByText(ticket!.theater_number!, { exact: true }).waitFor();
  expect(await page.getByText(ticket!.serial).count(), 'our serial opens no door there').toBe(0);
  await page.getByText('works without a network').waitFor();
  await picture(page, kind, 'ticket');

  await readyOffline(page);
  await context.setOffline(true);
  allow(/ERR_INTERNET_DISCONNECTED|Failed to fetch/, 'there is no network');
  await page.reload();
  for (const seat of seats) await page.getByRole('img', { name: `QR code of seat ${seat} for the door` }).waitFor();
  await until('the images are drawn', () => page.locator('article img').evaluateAll((all) => all.every((image) => (image as HTMLImageElement).naturalWidth > 0)));
  await context.setOffline(false);

  const { text } = await letterTo('email', customer.email, /Your tickets/);
  for (const code of Object.values(codes)) expect(text).toContain(code);
  expect(text).toContain(ticket!.theater_number);
  expect(text).not.toContain(ticket!.serial);
});

test('The theater changes its price: the page says so, and the choice stays', { timeout: 60_000 }, async () => {
  const { show, external } = await remoteShow();
  const { page, allow } = await there.visit('phone');
  allow(/status of 409/, 'the theater wants another price');
  await logIn(page, await signUp());
  const chosen = await choose(page, show);
  for (const category of external.categories) await atCounter({ action: 'price', show: external.id, category, price: 9900 });
  await page.getByRole('button', { name: /^Keep / }).click();
  await page.getByText('The theater has changed its price.').first().waitFor();
  await page.getByRole('button', { name: `Keep ${chosen[0]} and ${chosen[1]}` }).waitFor();
});

test.each(['phone', 'desktop'] as const)('A %s: a theater that has paused its sale says so, its map sells nothing, and then it goes on', { timeout: 90_000 }, async (kind) => {
  const { show } = await remoteShow();
  const { page } = await there.visit(kind, { colorScheme: 'light' });
  const chosen = await choose(page, show);
  const keep = page.getByRole('button', { name: `Keep ${chosen[0]} and ${chosen[1]}` });
  const seats = page.locator('[data-seat]');
  const usable = page.locator('[data-seat]:not([aria-disabled])');
  const mine = page.locator('[data-seat].mine');

  // The stream tells the page that is open.
  await pauseTheater(true);
  const words = page.getByRole('alert').filter({ hasText: 'This theater is not selling here at the moment.' });
  await words.getByText('Try again later, or ask at the theater.').waitFor();
  expect(await page.getByRole('button', { name: /^(Keep|Best) / }).count(), 'no seats can be kept').toBe(0);
  expect(await usable.count(), 'no seat can be chosen').toBe(0);
  await seats.nth(5).click({ force: true, position: { x: 2, y: 2 } });
  expect(await mine.count(), 'a click changes no choice').toBe(2);
  await picture(page, kind, 'paused');

  // A page that is opened now says the same.
  await page.reload();
  await words.waitFor();
  await until('the map is there', async () => (await seats.count()) > 0);
  expect(await usable.count()).toBe(0);

  await pauseTheater(false);
  await keep.waitFor();
  expect(await words.count()).toBe(0);
  expect(await usable.count()).toBeGreaterThan(0);
  await picture(page, kind, 'sells-again');
  await logIn(page, await signUp());
  await page.goto('/shows/' + show.id);
  await keep.click();
  await page.waitForURL(/\/bookings\//);
});
