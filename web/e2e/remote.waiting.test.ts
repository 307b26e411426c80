/** A theater whose own system does not answer: what customers read while they wait for it. */
import { mkdirSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';

import { atTheater, booking, hold, pay, remoteShow, signUp } from './platform';
import { cards, logIn, payWith, screens as folder, stage, type Kind } from './world';

const there = stage();
const repairs: (() => Promise<void>)[] = [];
beforeAll(() => void mkdirSync(folder, { recursive: true }));
afterEach(async () => {
  for (const repair of repairs.splice(0)) await repair();
});

/** The theater's system cannot be reached for one kind of request until the returned function is called. */
async function away(operation: string): Promise<() => Promise<void>> {
  const repair = await atTheater({ fault: 'unreachable', operation });
  repairs.push(repair);
  return repair;
}

async function picture(page: Page, kind: Kind, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `${folder}remote-${name}-${kind === 'phone' ? 390 : 1440}-light.png`, fullPage: true });
}

test.each(['phone', 'desktop'] as const)('A %s: the theater does not answer to the sale, the page says that the money is only reserved, and the ticket comes when it answers', { timeout: 180_000 }, async (kind) => {
  const { show } = await remoteShow();
  const customer = await signUp();
  const { page } = await there.visit(kind, { colorScheme: 'light' });
  await logIn(page, customer);
  const held = await hold(customer, show.id, show.free.slice(0, 2));
  const answers = await away('confirm');
  await page.goto('/bookings/' + held.id);
  await page.getByRole('button', { name: /^Pay £/ }).click();
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The theater is confirming your seats').first().waitFor({ timeout: 30_000 });
  await page.getByText(/Your bank reserved £[\d.]+; you need not pay again/).waitFor();
  expect(await page.getByRole('button', { name: /^Pay/ }).count(), 'the page does not ask twice').toBe(0);
  expect(await page.getByRole('link', { name: 'Show the ticket' }).count()).toBe(0);
  await picture(page, kind, 'confirming');

  await answers();
  await page.getByRole('link', { name: 'Show the ticket' }).waitFor({ timeout: 90_000 });
  expect(Object.keys((await booking(customer, held.id)).ticket!.theater_codes!).sort()).toEqual([...held.seats].sort());
});

test.each(['phone', 'desktop'] as const)('A %s: the theater does not answer to a cancellation, the ticket holds, and the money goes back when it answers', { timeout: 180_000 }, async (kind) => {
  const { show } = await remoteShow();
  const customer = await signUp();
  const { page } = await there.visit(kind, { colorScheme: 'light' });
  await logIn(page, customer);
  const sold = await pay(customer, await hold(customer, show.id, show.free.slice(0, 2)));
  const answers = await away('cancel');
  await page.goto(`/bookings/${sold.id}/cancel`);
  await page.getByRole('button', { name: /^Cancel/ }).click();
  await page.waitForURL(new RegExp(`/bookings/${sold.id}$`), { timeout: 30_000 });
  await page.getByText('You asked to cancel').first().waitFor();
  await page.getByText(/Until then the ticket holds/).waitFor();
  await picture(page, kind, 'cancelling');

  await answers();
  await page.locator('[role=status]').getByText('Cancelled', { exact: true }).waitFor({ timeout: 90_000 });
  expect((await booking(customer, sold.id)).status).toBe('cancelled');
});
