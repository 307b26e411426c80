import { expect, test } from 'vitest';

import { bookings, findShow, signUp } from './platform';
import { cards, logIn, payWith, stage } from './world';

const there = stage();

test('G8 A new release under a customer who chooses seats takes nothing away', async () => {
  const asha = await signUp();
  const show = await findShow();
  // Without a worker, which would have kept all files: the hardest case.
  const { page, context, allow } = await there.visit('desktop', { serviceWorkers: 'block' });
  await logIn(page, asha);
  const ahead = page.waitForResponse((r) => /\/assets\/Choice-.*\.js/.test(r.url())); // the last of them
  await page.goto('/shows/' + show.id);
  await page.getByRole('button', { name: 'Best 2 together' }).click();
  await ahead; // the way to a ticket is there

  // The new server has other files; those of this tab are gone.
  const asked: string[] = [];
  await context.route('**/assets/**', async (route) => {
    asked.push(route.request().url());
    await route.fulfill({ status: 404, body: 'not found' });
  });
  allow(/404/, 'files of the former release are gone');
  await page.getByRole('button', { name: /^Keep / }).click();
  await page.waitForURL(/\/bookings\//);
  await context.unroute('**/assets/**'); // the payment page is another document, and so is the way back
  await page.getByRole('button', { name: /^Pay ₹/ }).click();
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  expect(asked, 'no file was needed on the way').toEqual([]);
  expect((await bookings(asha)).items).toHaveLength(1);
});

test('G8 A screen whose file is gone with a release comes by one load of the page', async () => {
  const { page, context, allow } = await there.visit('desktop', { serviceWorkers: 'block' });
  await page.goto('/about');
  await page.getByRole('heading', { level: 1 }).waitFor();
  allow(/404|dynamically imported module/, 'the file of the former release is gone');
  let refused = 0;
  await context.route('**/assets/Search-*.js', async (route) => {
    if (refused++ === 0) await route.fulfill({ status: 404, body: 'not found' });
    else await route.continue();
  });
  await page.getByRole('navigation').getByRole('link', { name: 'Search' }).click();
  await page.getByRole('combobox', { name: 'Movie, person or theater' }).waitFor();
  expect(refused, 'asked for again after the page was loaded').toBe(2);
});
