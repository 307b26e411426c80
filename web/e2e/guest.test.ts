import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { base, booking, codeTo, findShow, letterTo, newcomer, signUp, until as untilSo } from './platform';
import { cards, payWith, seat, stage, until } from './world';

const there = stage();

const qr = (page: Page) => page.getByRole('img', { name: 'QR code for the door' });
const code = (page: Page) => page.getByLabel('Code', { exact: true });
const confirm = (page: Page) => page.getByRole('button', { name: 'Confirm', exact: true });

/** The code of a mail that came after another code. */
function codeAfter(before: string, to: string): Promise<string> {
  return untilSo(() => codeTo('email', to), (now) => now !== before);
}

/** Another code than the right one. */
function wrongFor(right: string): string {
  return right.slice(0, 5) + ((Number(right[5]) + 1) % 10);
}

/** Seats are chosen, and the page that asks who holds them is there. */
async function choose(page: Page, show: string): Promise<[first: string, second: string]> {
  await page.goto('/shows/' + show);
  await page.getByRole('button', { name: 'Best 2 together' }).click();
  const keep = page.getByRole('button', { name: /^Keep .+ and .+/ });
  await keep.waitFor();
  const [, first, second] = /^Keep (\S+) and (\S+)$/.exec((await keep.textContent())!)!;
  await keep.click();
  await page.getByRole('heading', { name: 'Continue as a guest' }).waitFor();
  return [first!, second!];
}

test('A phone: seats, an address, its code and a ticket, with an account made afterwards', { timeout: 120_000 }, async () => {
  const show = await findShow();
  const { email, name, password } = newcomer();
  const mistyped = 'typo-' + email;
  const { page, allow } = await there.visit('phone');
  allow(/status of 422/, 'a wrong code');

  await page.goto('/shows/' + show.id);
  await page.getByRole('button', { name: 'Best 2 together' }).tap();
  const keep = page.getByRole('button', { name: /^Keep .+ and .+/ });
  await keep.waitFor();
  const [, first, second] = /^Keep (\S+) and (\S+)$/.exec((await keep.textContent())!)!;
  await keep.tap();
  await page.getByText(`We keep ${first} and ${second} for you`).waitFor();

  // The log-in is one tap away, and so is the way back.
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).tap();
  await page.getByRole('textbox', { name: 'Password' }).waitFor();
  await page.getByRole('link', { name: 'Continue as a guest' }).tap();
  await page.getByRole('heading', { name: 'Continue as a guest' }).waitFor(); // the log-in has a field of this name, too

  const field = page.getByLabel('E-mail');
  await field.fill('asha at example');
  await page.getByRole('button', { name: 'Continue as a guest' }).tap();
  await page.locator('.field .wrong').getByText('E-mail needs an address').waitFor();
  expect(await field.inputValue(), 'nothing typed is lost').toBe('asha at example');
  await field.fill(mistyped);
  await page.getByRole('button', { name: 'Continue as a guest' }).tap();

  await page.waitForURL(/\/bookings\//);
  const id = new URL(page.url()).pathname.split('/').pop()!;
  await page.getByText(`We have sent a code to ${mistyped}.`).first().waitFor();
  await page.getByRole('timer').getByText(/^\d+:\d\d$/).waitFor();
  expect(await page.locator('.stub .seats').innerText()).toContain(first);
  expect(await code(page).getAttribute('inputmode')).toBe('numeric');
  expect(await code(page).getAttribute('autocomplete')).toBe('one-time-code');
  expect(await page.getByRole('button', { name: /^Pay/ }).count(), 'no way to pay yet').toBe(0);
  const right = await codeTo('email', mistyped);
  await code(page).fill(wrongFor(right));
  await confirm(page).tap();
  await page.locator('.field .wrong').getByText('This code is wrong').waitFor();

  // A mistyped address is written again. The seats stay, and the first code counts no longer.
  await page.getByRole('button', { name: 'Change the e-mail address' }).tap();
  expect(await field.inputValue()).toBe(mistyped);
  await until('the field has the focus', () => field.evaluate((input) => input === document.activeElement));
  await page.getByRole('button', { name: 'Leave the address as it is' }).tap();
  await page.getByRole('button', { name: 'Change the e-mail address' }).tap();
  await field.fill(email);
  await page.getByRole('button', { name: 'Send a code to this address' }).tap();
  await page.getByText(`We have sent a code to ${email}.`).first().waitFor();
  await page.getByText(/You can ask for another code in \d+ s/).waitFor();
  await code(page).fill(right);
  await confirm(page).tap();
  await page.locator('.field .wrong').getByText('This code is wrong').waitFor();

  // In the middle of it the page is loaded again.
  await page.reload();
  await page.getByText(`We have sent a code to ${email}.`).first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/bookings/' + id);
  await page.getByText(/You can ask for another code in \d+ s/).waitFor();
  const typed = await codeTo('email', email);
  await code(page).fill(`${typed.slice(0, 3)} ${typed.slice(3)}`);
  await confirm(page).tap();
  const pay = page.getByRole('button', { name: /^Pay ₹/ });
  await pay.waitFor();
  await until('the next step has the focus', () => pay.evaluate((button) => button === document.activeElement));
  await pay.tap();
  await payWith(page, cards.pays, (button) => button.tap());
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  await page.getByRole('link', { name: 'Show the ticket' }).tap();
  await qr(page).waitFor();
  await page.getByText('works without a network').waitFor();
  await page.reload();
  await qr(page).waitFor();
  const serial = await page.locator('.down p').innerText();

  // The mail's link opens the ticket anywhere, and offers nothing that only its owner can do.
  const { text } = await letterTo('email', email, /Your tickets/);
  const elsewhere = await there.visit('desktop');
  await elsewhere.page.goto(/https?:\/\/\S*\/bookings\/\S+/.exec(text)![0]);
  await elsewhere.page.getByRole('link', { name: 'Show the ticket' }).click();
  await elsewhere.page.getByText(serial).waitFor();
  expect(await elsewhere.page.getByRole('link', { name: /Create an account/ }).count()).toBe(0);

  await page.getByRole('link', { name: 'Create an account to keep your tickets' }).tap();
  expect(await page.getByLabel('E-mail').inputValue()).toBe(email);
  expect(await page.getByLabel('E-mail').isEditable()).toBe(false);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign up', exact: true }).tap();
  await page.getByText('One more step, and your tickets are in the account.').waitFor();
  await page.reload();
  await page.getByText('One more step, and your tickets are in the account.').waitFor();
  await code(page).fill(await codeAfter(typed, email));
  await confirm(page).tap();
  await page.waitForURL((url) => url.pathname === '/tickets/' + id);
  await qr(page).waitFor();
  await page.getByText(serial).waitFor();
  expect(await page.getByRole('link', { name: /Create an account/ }).count()).toBe(0);
  await page.goto('/account/profile');
  await until('it is an account', async () => (await page.getByLabel('Name').inputValue()) === name);
});

test('A desktop by the keyboard: an address, another code, and a ticket', { timeout: 120_000 }, async () => {
  const show = await findShow();
  const { email } = newcomer();
  const { page, allow } = await there.visit('desktop');
  allow(/status of 422/, 'a code that counts no longer');
  const press = async (locator: ReturnType<Page['locator']>, key = 'Enter') => {
    await until(`Tab leads to ${String(locator)}`, async () => {
      if (await locator.evaluate((e) => e === document.activeElement)) return true;
      await page.keyboard.press('Tab');
      return locator.evaluate((e) => e === document.activeElement);
    });
    await page.keyboard.press(key);
  };
  const type = async (locator: ReturnType<Page['locator']>, text: string) => {
    await press(locator, 'Control+A');
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  };

  await page.goto('/shows/' + show.id);
  await seat(page, show.free[0]!).waitFor();
  await press(page.getByRole('button', { name: 'Best 2 together' }));
  await press(page.getByRole('button', { name: /^Keep / }));
  await page.getByRole('heading', { name: 'Continue as a guest' }).waitFor();
  await type(page.getByLabel('E-mail'), email);
  await page.waitForURL(/\/bookings\//);
  await page.getByText(`We have sent a code to ${email}.`).first().waitFor();
  const before = await codeTo('email', email);

  // The mail did not come for a while.
  await page.evaluate(() => sessionStorage.setItem('boxoffice.code', sessionStorage.getItem('boxoffice.code')!.replace(/"at":\d+/, '"at":1')));
  await page.reload();
  await press(page.getByRole('button', { name: 'Send another code' }));
  await page.getByText(/You can ask for another code in \d+ s/).waitFor();
  const now = await codeAfter(before, email);
  await type(code(page), before);
  await page.locator('.field .wrong').getByText('This code is wrong').waitFor();
  await until('the summary has the focus', () => page.locator('.summary').evaluate((e) => e === document.activeElement));
  await type(code(page), now);
  const pay = page.getByRole('button', { name: /^Pay ₹/ });
  await pay.waitFor();
  await until('the next step has the focus', () => pay.evaluate((e) => e === document.activeElement));
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/checkout\//);
  await type(page.getByLabel('Card number'), cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });
  await press(page.getByRole('link', { name: 'Show the ticket' }));
  await qr(page).waitFor();
});

test('The link of the mail, opened elsewhere, lets the page that waits for the code go on', async () => {
  const { email } = newcomer();
  const { page } = await there.visit('phone');
  await choose(page, (await findShow()).id);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Continue as a guest' }).tap();
  await code(page).waitFor();
  const { text } = await letterTo('email', email, /is your Boxoffice code/);
  const mail = await there.visit('desktop');
  const link = new URL(/\S*\/verify#token=\S+/.exec(text)![0]);
  await mail.page.goto(base + link.pathname + link.hash);
  await mail.page.getByRole('button', { name: 'Confirm the address' }).click();
  await page.getByRole('button', { name: /^Pay ₹/ }).waitFor();
});

test('A guest who has an account logs in afterwards, and finds the ticket there', { timeout: 120_000 }, async () => {
  const asha = await signUp();
  const first = await codeTo('email', asha.email);
  const { page, allow } = await there.visit('phone');
  allow(/status of 409/, 'the address has an account');
  await choose(page, (await findShow()).id);
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByRole('button', { name: 'Continue as a guest' }).tap();
  await code(page).waitFor();
  const id = new URL(page.url()).pathname.split('/').pop()!;
  const second = await codeAfter(first, asha.email);
  await code(page).fill(second);
  await confirm(page).tap();
  await page.getByRole('button', { name: /^Pay ₹/ }).tap();
  await payWith(page, cards.pays, (button) => button.tap());
  await page.getByText('The seats are yours').waitFor({ timeout: 20_000 });

  await page.getByRole('link', { name: 'Create an account to keep your tickets' }).tap();
  await page.getByLabel('Name').fill(asha.name);
  await page.getByLabel('Password', { exact: true }).fill('some other good words');
  await page.getByRole('button', { name: 'Sign up', exact: true }).tap();
  await page.getByText('There is an account with this e-mail address already.').first().waitFor();
  await page.getByRole('main').getByRole('link', { name: 'Log in', exact: true }).tap();
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  // This account has not proved its address yet.
  await page.getByRole('button', { name: 'Send a code' }).tap();
  await page.getByText(`We have sent a code to ${asha.email}`).first().waitFor();
  await code(page).fill(await codeAfter(second, asha.email));
  await confirm(page).tap();
  await page.waitForURL((url) => url.pathname === '/bookings/' + id);
  await page.getByText('The seats are yours').waitFor();
  expect((await booking(asha, id)).status).toBe('confirmed');
});

test('The account screen of a guest has what a guest can do', async () => {
  const { email } = newcomer();
  const { page } = await there.visit('desktop');
  await choose(page, (await findShow()).id);
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Continue as a guest' }).click();
  await code(page).waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Account' }).click();
  await page.getByText(`You are here as a guest. Your tickets go to ${email}.`).waitFor();
  for (const name of ['Save', 'Set up an authenticator app', 'Log out everywhere else']) expect(await page.getByRole('button', { name }).count(), name).toBe(0);
  await page.getByRole('main').getByRole('link', { name: 'Your tickets', exact: true }).click();
  await page.locator('.stub').waitFor();
  await page.goto('/account');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'Log in' }).waitFor();
});

test('Where guests are off, the log-in says so, and the seats stay chosen', async () => {
  const asha = await signUp();
  const show = await findShow();
  const { page, allow } = await there.visit('phone');
  allow(/status of 404/, 'guests are off');
  const problem = { type: 'about:blank', title: 'Not Found', status: 404, code: 'not_found', detail: 'Booking without an account is off here. Make an account.' };
  await page.route('**/v1/browser-sessions/guest', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', body: JSON.stringify(problem) }));
  const [first, second] = await choose(page, show.id);
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByRole('button', { name: 'Continue as a guest' }).tap();
  await page.getByText('Booking without an account is off here.').waitFor();
  expect(await page.getByText('Continue as a guest').count(), 'it is not offered again').toBe(0);
  await page.getByRole('link', { name: 'Back' }).tap();
  await page.getByRole('button', { name: `Keep ${first} and ${second}` }).tap();
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.getByRole('button', { name: `Keep ${first} and ${second}` }).waitFor();
});
