import { expect, test } from 'vitest';

import { booking, findShow, hold, signUp } from './platform';
import { cards, logIn, payWith, screens, stage } from './world';

const there = stage();

/** A booking of one seat, opened by its customer on a phone. */
async function atCheckout(city?: string) {
  const asha = await signUp();
  const show = await findShow(city ? { city } : {});
  const held = await hold(asha, show.id, [show.free[0]!]);
  const visit = await there.visit('phone');
  await logIn(visit.page, asha);
  await visit.page.goto('/bookings/' + held.id);
  await visit.page.locator('button.way').first().waitFor();
  return { ...visit, asha, held };
}

test('a booking is paid by UPI at Razorpay, on a page of ours that runs its script', { timeout: 90_000 }, async () => {
  const { page, asha, held } = await atCheckout();
  await page.screenshot({ path: screens + 'phone-ways-to-pay.png', fullPage: true });
  const ways = await page.locator('button.way small').allTextContents();
  expect(ways.map((text) => text.trim())).toEqual(['card or wallet', 'UPI, cards, net banking, wallets']);

  await page.getByRole('button', { name: 'Or pay with UPI' }).click();
  await page.waitForURL(/\/pay\/razorpay\//);
  const form = page.locator('iframe').contentFrame();
  const inFrame = await page
    .locator('iframe')
    .waitFor({ timeout: 5_000 })
    .then(() => true)
    .catch(() => false);
  const place = inFrame ? form : page;
  await place.getByLabel('UPI ID').waitFor();
  await page.screenshot({ path: screens + 'phone-razorpay.png', fullPage: true });
  await place.getByRole('button', { name: /by UPI$/ }).click();
  await page.waitForURL(/\/bookings\//, { timeout: 20_000 });
  await page.getByText('The seat is yours').waitFor({ timeout: 30_000 });
  const sold = await booking(asha, held.id);
  expect(sold.payment?.provider).toBe('razorpay');
  expect(sold.timeline.filter(({ event }) => event === 'captured')).toHaveLength(1);
});

test('a booking in pounds is approved at PayPal, and paid when we reserve the money', { timeout: 90_000 }, async () => {
  const { page, asha, held } = await atCheckout('london');
  await page.getByRole('button', { name: 'Or pay with PayPal' }).click();
  await page.waitForURL(/\/paypal\//);
  await page.screenshot({ path: screens + 'phone-paypal.png', fullPage: true });
  await page.getByRole('button', { name: /^Agree to pay/ }).click();
  await page.waitForURL(/\/bookings\//, { timeout: 20_000 });
  await page.getByText('The seat is yours').waitFor({ timeout: 30_000 });
  const sold = await booking(asha, held.id);
  expect(sold.payment?.provider).toBe('paypal');
  expect(sold.timeline.filter(({ event }) => event === 'captured')).toHaveLength(1);
});

test('a customer who cancels at PayPal is back at the booking, and may pay otherwise', { timeout: 90_000 }, async () => {
  const { page, asha, held } = await atCheckout('london');
  await page.getByRole('button', { name: 'Or pay with PayPal' }).click();
  await page.waitForURL(/\/paypal\//);
  await page.getByRole('link', { name: 'Cancel and return' }).click();
  await page.waitForURL(/\/bookings\//);
  await page.getByRole('button', { name: /card or wallet/ }).click();
  await page.waitForURL(/\/checkout\//);
  await payWith(page, cards.pays);
  await page.getByText('The seat is yours').waitFor({ timeout: 30_000 });
  expect((await booking(asha, held.id)).payment?.provider).toBe('stripe');
});

test('after a declined card the other provider comes first, within the same hold', { timeout: 90_000 }, async () => {
  const { page, asha, held } = await atCheckout();
  await page.locator('button.way').first().click();
  await page.waitForURL(/\/checkout\//);
  await payWith(page, cards.declined);
  await page.goto('/bookings/' + held.id);
  await page.getByRole('alert').getByText('declined').first().waitFor();
  const ways = await page.locator('button.way small').allTextContents();
  expect(ways.map((text) => text.trim())).toEqual(['UPI, cards, net banking, wallets', 'card or wallet']);
  await page.screenshot({ path: screens + 'phone-declined-ways.png', fullPage: true });
  expect((await booking(asha, held.id)).hold_expires_at).toBe(held.hold_expires_at);
});
