import { expect, test } from 'vitest';

import { base, call, codeTo, letterTo, signUp, type Customer, type Schemas } from './platform';
import { logIn, stage } from './world';

const there = stage();

const me = (customer: Customer) => call<Schemas['Account']>('GET', '/v1/me', undefined, customer.token);

/** Where a link of a mail leads, on the platform that is tested. */
async function linkTo(customer: Customer, subject: RegExp, page: string): Promise<string> {
  const { text } = await letterTo('email', customer.email, subject);
  const found = new RegExp(`\\S*${page}#token=\\S+`).exec(text)![0];
  return base + new URL(found).pathname + new URL(found).hash;
}

test('The code of a mail confirms the address on the account screen', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('phone');
  allow(/status of 422/, 'a wrong code');
  await logIn(page, asha);
  await page.goto('/account');
  await page.getByText(`${asha.email} is not confirmed yet.`).waitFor();
  await page.getByRole('button', { name: 'Send a code' }).tap();
  await page.getByLabel('Code').waitFor();
  await page.getByLabel('Code').fill('12345x');
  await page.getByRole('button', { name: 'Confirm', exact: true }).tap();
  await page.getByText('This code is wrong').first().waitFor();
  await letterTo('email', asha.email, /is your Boxoffice code/);
  await page.getByLabel('Code').fill(await codeTo('email', asha.email));
  await page.getByRole('button', { name: 'Confirm', exact: true }).tap();
  await page.getByText('is not confirmed yet').waitFor({ state: 'detached' });
  expect((await me(asha)).email_verified).toBe(true);
});

test('Scenario 6: The link of a mail waits for a press of the button, and works again after a program has pressed it', async () => {
  const asha = await signUp();
  const link = await linkTo(asha, /is your Boxoffice code/, '/verify');
  const program = await there.visit('desktop');
  await program.page.goto(link);
  await program.page.getByRole('button', { name: 'Confirm the address' }).waitFor();
  expect((await me(asha)).email_verified, 'opening does nothing').toBe(false);
  await program.page.getByRole('button', { name: 'Confirm the address' }).click();
  await program.page.getByText('Your e-mail address is confirmed.').waitFor();
  expect(await program.context.cookies(), 'no session').toEqual([]);

  const { page } = await there.visit('phone');
  await logIn(page, asha);
  await page.goto(link);
  await page.getByRole('button', { name: 'Confirm the address' }).tap();
  await page.getByText('Your e-mail address is confirmed.').waitFor();
});

test('A forgotten password is replaced by the link of a mail', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('phone');
  await page.goto('/login');
  await page.getByRole('link', { name: 'Forgot your password?' }).tap();
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByRole('button', { name: 'Send the link' }).tap();
  await page.getByText('a mail is on its way').waitFor();

  await page.goto(await linkTo(asha, /Choose a new password/, '/reset'));
  await page.getByLabel('New password').fill('velvet otter under rain');
  await page.getByRole('button', { name: 'Set the password' }).tap();
  await page.getByText('Your password is changed.').waitFor();
  await logIn(page, { ...asha, password: 'velvet otter under rain' });

  const later = await there.visit('phone');
  later.allow(/status of 410/, 'the link works once');
  allow(/status of 401/, 'its session is new');
  await later.page.goto(await linkTo(asha, /Choose a new password/, '/reset'));
  await later.page.getByLabel('New password').fill('another good long one');
  await later.page.getByRole('button', { name: 'Set the password' }).tap();
  await later.page.getByText('This link is not valid').first().waitFor();
});
