import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { findShow, hold, newcomer, signUp } from './platform';
import { cards, said, seat, stage, until } from './world';

const there = stage();

/** What has the focus, by its name or its text. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (!at) return '';
    const label = (at as HTMLInputElement).labels?.[0]?.textContent;
    return (at.getAttribute('aria-label') ?? label ?? at.textContent ?? '').trim().replaceAll(/\s+/g, ' ');
  });
}

/** Presses Tab, or Shift+Tab for what stands before, until something has the focus. */
async function tabTo(page: Page, name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab', most = 60): Promise<void> {
  const seen: string[] = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    const now = await focused(page);
    if (name.test(now)) return;
    seen.push(now.slice(0, 40));
  }
  throw new Error(`${key} does not lead to ${name}; it led to: ${seen.join(' | ')}`);
}

async function type(page: Page, field: RegExp, text: string): Promise<void> {
  await tabTo(page, field);
  await page.keyboard.type(text);
}

test('A1, A2 The keyboard alone: one stop for the map, arrows in it, and a ticket at the end', { timeout: 120_000 }, async () => {
  const show = await findShow();
  const asha = newcomer();
  const { page } = await there.visit('desktop');

  await page.goto('/?city=' + show.city);
  await page.getByRole('link', { name: 'Log in' }).waitFor();
  await tabTo(page, /^Log in$/);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Sign up' }).waitFor();
  await tabTo(page, /^Sign up$/);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign up', exact: true }).waitFor();
  await type(page, /^Name/, asha.name);
  await type(page, /^E-mail/, asha.email);
  await type(page, /^Password/, asha.password);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Account' }).waitFor();

  await tabTo(page, /^Search$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox').waitFor();
  await type(page, /^Movie, person or theater$/, show.movie.title);
  await page.getByRole('option', { name: show.movie.title }).first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: show.movie.title }).waitFor();
  await until('the days are there', () => page.locator(`nav a[href*="date=${show.date}"]`).isVisible());
  const day = (await page.locator(`nav a[href*="date=${show.date}"]`).getAttribute('aria-label'))!;
  await tabTo(page, new RegExp('^' + day + '$'));
  await page.keyboard.press('Enter');
  const link = page.locator(`a[href="/shows/${show.id}"]`);
  await link.waitFor();
  for (let i = 0; i < 60 && !(await link.evaluate((l) => l === document.activeElement)); i++) await page.keyboard.press('Tab');
  expect(await link.evaluate((l) => l === document.activeElement), 'Tab leads to the show').toBe(true);
  await page.keyboard.press('Enter');

  // The way back, the map, and what is after it.
  await page.locator('[data-seat]').first().waitFor();
  expect(await page.locator('[data-seat][tabindex="0"]').count(), 'tab stops in the map').toBe(1);
  await tabTo(page, /, (free|sold|held by somebody)$/, 'Tab', 5);
  const from = await focused(page);
  const box = () => page.evaluate(() => document.activeElement!.getBoundingClientRect().toJSON() as DOMRect);
  const start = await box();
  await page.keyboard.press('ArrowRight');
  expect((await box()).x, 'ArrowRight goes right').toBeGreaterThan(start.x);
  await page.keyboard.press('ArrowLeft');
  expect(await focused(page)).toBe(from);
  await page.keyboard.press('ArrowDown');
  expect((await box()).y, 'ArrowDown goes down').toBeGreaterThan(start.y);
  await page.keyboard.press('End');
  const end = await focused(page);
  await page.keyboard.press('ArrowRight');
  expect(await focused(page), 'the end of the row is the end').toBe(end);
  await page.keyboard.press('Home');

  // To a free seat, row by row.
  const target = show.seats.layout.rows.findIndex((row) => row.seats.some((s) => s.id === show.free[0]));
  const at = async () => (await page.evaluate(() => (document.activeElement as HTMLElement).dataset.seat)) ?? '';
  const rowOf = (id: string) => show.seats.layout.rows.findIndex((row) => row.seats.some((s) => s.id === id));
  while (rowOf(await at()) < target) await page.keyboard.press('ArrowDown');
  while (rowOf(await at()) > target) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Home');
  for (let i = 0; i < 60 && (await at()) !== show.free[0]; i++) await page.keyboard.press('ArrowRight');
  expect(await at()).toBe(show.free[0]);

  const scroll = () => page.evaluate(() => [scrollY, document.querySelector('.box')!.scrollTop]);
  const before = await scroll();
  await page.keyboard.press('Space');
  await until('Space takes the seat', async () => (await focused(page)).endsWith(', yours'));
  expect(await scroll(), 'Space scrolls nothing').toEqual(before);
  expect(await focused(page), 'row, seat, price and state are in the name').toMatch(new RegExp(`^${show.free[0]}, \\S.*, ₹[\\d.,]+, yours$`));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await until('Enter takes the next one', async () => (await focused(page)).endsWith(', yours'));
  const second = await at();

  // One press leaves the map, and one comes back to the same seat.
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset.seat)).toBeUndefined();
  await page.keyboard.press('Shift+Tab');
  expect(await at()).toBe(second);

  await tabTo(page, /^Keep /);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/bookings\//);
  await page.getByRole('button', { name: /^Pay ₹/ }).waitFor();
  await tabTo(page, /^Pay ₹/);
  await page.keyboard.press('Enter');

  await page.waitForURL(/\/checkout\//);
  await tabTo(page, /^Card number$/);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(cards.pays);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  await tabTo(page, /^Show the ticket$/);
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: 'QR code for the door' }).waitFor();
});

test('A5 A seat that is taken keeps its place for the arrows, and says that it is taken', async () => {
  const show = await findShow();
  const taken = show.free[3]!;
  await hold(await signUp(), show.id, [taken]);
  const { page } = await there.visit('desktop');
  await page.goto('/shows/' + show.id);
  await until('the seat is held', async () => (await seat(page, taken).getAttribute('aria-label'))?.endsWith('held by somebody'));
  await seat(page, taken).focus();
  expect(await focused(page)).toMatch(/, (sold|held by somebody)$/);
  await page.keyboard.press('Space');
  await until('the live region says it', async () => (await said(page)) === `${taken} is taken.`);
  expect(await focused(page)).toMatch(/, (sold|held by somebody)$/);
  expect(await page.getByText('Choose seats on the map').isVisible()).toBe(true);
});
