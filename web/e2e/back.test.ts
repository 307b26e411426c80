import { expect, test } from 'vitest';

import { base, bookings, findShow, hold, signUp } from './platform';
import { cards, logIn, payWith, stage, until } from './world';

const there = stage({ keepsPages: true });

test('G5 Back from the provider finds the page as it was left, level with the server, and can pay', async () => {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const { page } = await there.visit('desktop');
  await logIn(page, asha);
  await page.goto('/bookings/' + held.id);
  await page.evaluate(() => addEventListener('pageshow', (event) => ((window as unknown as { restored: boolean }).restored = event.persisted)));
  const pay = page.getByRole('button', { name: /^Pay ₹/ });
  await pay.click();
  await page.waitForURL(/\/checkout\//);
  const first = new URL(page.url()).pathname;

  const fetched = page.waitForResponse((r) => r.url() === `${base}/v1/bookings/${held.id}`);
  await page.goBack({ waitUntil: 'commit' });
  await until('the page is the one that was left', () => page.evaluate(() => (window as unknown as { restored?: boolean }).restored));
  await fetched;
  await until('the button can be pressed', async () => (await pay.getAttribute('aria-disabled')) !== 'true', 2000);

  await pay.click();
  await page.waitForURL(/\/checkout\//);
  expect(new URL(page.url()).pathname, 'the same payment').toBe(first);
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seat is yours').waitFor({ timeout: 20_000 });
  expect((await bookings(asha)).items).toHaveLength(1);
});
