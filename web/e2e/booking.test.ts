import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { moveClock, wrongClock } from './engines';
import { base, booking, bookings, call, findShow, hold, signUp, type Customer } from './platform';
import { cards, logIn, payWith, said, seat, stage, until } from './world';

const there = stage();

/** What the timer shows, in seconds. */
async function shownLeft(page: Page): Promise<number> {
  const [minutes, seconds] = ((await page.getByRole('timer').textContent()) ?? '').split(':').map(Number);
  return minutes! * 60 + seconds!;
}

async function trueLeft(customer: Customer, id: string): Promise<number> {
  return (Date.parse((await booking(customer, id)).hold_expires_at) - Date.now()) / 1000;
}

/** Moves the page's clock. */
const setAhead = (page: Page, seconds: number) => page.evaluate(moveClock, seconds);

test('G4 The time that is left is the server’s, on a phone whose clock is wrong and after a sleep', async () => {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const { page, context } = await there.visit('phone');
  await context.addInitScript(wrongClock, -37);
  await logIn(page, asha);
  await page.goto('/bookings/' + held.id);
  await page.getByRole('timer').waitFor();
  expect(await page.evaluate(() => Math.round((Date.now() - performance.timeOrigin) / 60_000)), 'the phone’s clock is wrong').toBe(-37);
  await until('the time is right', async () => Math.abs((await shownLeft(page)) - (await trueLeft(asha, held.id))) <= 2);

  // Asleep for minutes: timers stood still, and the clock went on.
  await setAhead(page, 5 * 60);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await until('the time is right within a second', async () => Math.abs((await shownLeft(page)) - (await trueLeft(asha, held.id))) <= 2, 1500);
});

test('G4 More time by the keyboard, for a full period', async () => {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const period = (Date.parse(held.hold_expires_at) - Date.parse(held.created_at)) / 1000;
  const { page, context, allow } = await there.visit('desktop');
  allow(/status of 409/, 'an extension too many is refused');
  await context.addInitScript(wrongClock, 0);
  await logIn(page, asha);
  await page.goto('/bookings/' + held.id);
  const more = page.getByRole('button', { name: 'Give me more time' });
  await page.getByRole('timer').waitFor();
  expect(await more.count(), 'more time is offered in the last two minutes').toBe(0);

  // In the first seconds a period has just begun, and there is nothing to extend.
  await until('the period has begun', async () => (await trueLeft(asha, held.id)) < period - 21, 30_000);
  // The page's clock comes to the last minute; the server's does not.
  const lastMinute = async () => {
    await setAhead(page, (await trueLeft(asha, held.id)) - 60);
    await more.waitFor();
    await more.focus();
  };
  await lastMinute();
  await page.keyboard.press('Enter');
  await until('the hold is extended', async () => (await booking(asha, held.id)).timeline.some((e) => e.event === 'hold_extended'));
  expect(await trueLeft(asha, held.id)).toBeGreaterThan(period - 10);
  await until('the page shows the full period', async () => Math.abs((await shownLeft(page)) - (await trueLeft(asha, held.id))) <= 2);
  await more.waitFor({ state: 'detached' });
  await until('it is said', async () => (await said(page)).startsWith('Your seats are yours until'));

  await page.route('**/extend', (route) =>
    route.fulfill({ status: 409, contentType: 'application/problem+json', json: { type: 'about:blank', title: 'No', status: 409, detail: 'No.', code: 'hold_not_extendable', reason: 'limit_reached' } }),
  );
  await lastMinute();
  await page.keyboard.press('Space');
  await page.getByText('The time was extended as often as the theater allows. Please pay before it ends.').first().waitFor();
});

test('G5 Back from the provider’s page goes on with the same payment', async () => {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const { page } = await there.visit('desktop');
  await logIn(page, asha);
  await page.goto('/bookings/' + held.id);
  const pay = page.getByRole('button', { name: /^Pay ₹/ });
  await pay.click();
  await page.waitForURL(/\/checkout\//);
  const first = new URL(page.url()).pathname;
  const fetched = page.waitForResponse((r) => r.url() === `${base}/v1/bookings/${held.id}`);
  await page.goBack();
  await fetched;
  await pay.waitFor();
  expect(await pay.getAttribute('aria-disabled')).not.toBe('true');
  await pay.click();
  await page.waitForURL(/\/checkout\//);
  expect(new URL(page.url()).pathname, 'the same payment').toBe(first);
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seat is yours').waitFor({ timeout: 20_000 });
  expect((await bookings(asha)).items).toHaveLength(1);
});

test('G7 Three clicks, a lost answer, a reload and a second tab make one booking and one payment', async () => {
  const asha = await signUp();
  const show = await findShow();
  const { page, context, allow } = await there.visit('desktop');
  allow(/ERR_FAILED/, 'the answer is lost on purpose');
  await logIn(page, asha);
  await page.goto('/shows/' + show.id);
  await seat(page, show.free[0]!).click();
  await seat(page, show.free[1]!).click();

  let calls = 0;
  await page.route('**/v1/bookings', async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    calls++;
    await route.fetch(); // it arrives, and its answer does not
    await route.abort();
  });
  const keep = page.getByRole('button', { name: /^Keep/ });
  await keep.evaluate((button: HTMLButtonElement) => {
    for (let i = 0; i < 3; i++) button.click();
  });
  await page.getByText('There is no connection', { exact: true }).waitFor();
  expect(calls, 'three clicks make one call').toBe(1);
  await page.unroute('**/v1/bookings');

  await page.reload();
  await page.getByRole('button', { name: `Keep ${show.free[0]} and ${show.free[1]}` }).click();
  await page.waitForURL(/\/bookings\//);
  const made = (await bookings(asha)).items;
  expect(made).toHaveLength(1);
  const id = made[0]!.id;
  expect(page.url()).toBe(`${base}/bookings/${id}`);

  const second = await context.newPage();
  await second.goto('/bookings/' + id);
  const pay = (tab: Page) => tab.getByRole('button', { name: /^Pay ₹/ });
  await pay(second).waitFor();
  await Promise.all([pay(page).click(), pay(second).click()]);
  await Promise.all([page, second].map((tab) => tab.waitForURL(/\/checkout\//)));
  expect(new URL(second.url()).pathname, 'one payment').toBe(new URL(page.url()).pathname);
  const third = await context.newPage();
  await third.goto('/bookings/' + id);
  await pay(third).waitFor();

  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  await third.bringToFront();
  await third.getByRole('link', { name: 'Show the ticket' }).waitFor();
  expect((await bookings(asha)).items).toHaveLength(1);
});

test('Too many holds at once are refused, and the same seats can be kept as soon as one is let go', async () => {
  const asha = await signUp();
  const others = [await findShow(), await findShow(), await findShow(), await findShow()];
  const held = [];
  for (const show of others) held.push(await hold(asha, show.id, [show.free[0]!]));
  const show = await findShow();
  const { page, allow } = await there.visit('desktop');
  allow(/status of 429/, 'the hold is refused');
  await logIn(page, asha);
  await page.goto('/shows/' + show.id);
  await seat(page, show.free[0]!).click();
  const keep = page.getByRole('button', { name: 'Keep ' + show.free[0] });
  await keep.click();
  await page.getByText('You are already keeping seats of other shows.', { exact: true }).waitFor();
  await call('POST', `/v1/bookings/${held[0]!.id}/cancel`, {}, asha.token);
  await keep.click();
  await page.getByRole('button', { name: /^Pay ₹/ }).waitFor();
});
