import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { signUp } from './platform';
import { authenticator, logIn, screens, stage, until } from './world';

const there = stage();

/** Without the offer in the field of the address, which a virtual authenticator takes at once. */
function byButtonAlone(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });
}

async function leave(page: Page): Promise<void> {
  await page.goto('/account');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.waitForURL('**/');
}

test('A passkey is added, logs in without a name, and is removed', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('phone');
  const { cdp, authenticatorId } = await authenticator(page, { defaultBackupEligibility: true, defaultBackupState: true });
  await byButtonAlone(page);
  await logIn(page, asha);
  await page.goto('/account/security');
  await page.getByLabel('Name of the new passkey').fill('My phone');
  await page.getByRole('button', { name: 'Add a passkey' }).tap();
  await page.getByRole('list', { name: 'Passkeys' }).getByText('My phone').waitFor();
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  expect(credentials.map((one) => [one.rpId, one.isResidentCredential])).toEqual([['localhost', true]]);

  // The same device twice.
  await page.getByRole('button', { name: 'Add a passkey' }).tap();
  await page.getByText('This device has a passkey of this account already.').first().waitFor();

  await leave(page);
  await page.goto('/login?next=/account/security');
  await page.getByRole('button', { name: 'Log in with a passkey' }).tap();
  await page.waitForURL('**/account/security');
  await page.getByText(/^Added .*, last used /).waitFor();

  await page.getByRole('button', { name: 'Remove the passkey My phone' }).tap();
  await page.getByRole('button', { name: 'Remove the passkey My phone' }).tap();
  await until('the list is gone', async () => (await page.getByRole('list', { name: 'Passkeys' }).count()) === 0);

  await leave(page);
  allow(/status of 401/, 'a passkey that was removed');
  await page.goto('/login');
  await page.getByRole('button', { name: 'Log in with a passkey' }).tap();
  await page.getByText('This passkey is not known here any more. Log in another way.').waitFor();
});

test('A passkey is offered in the field of the e-mail address', async () => {
  const asha = await signUp();
  const { page } = await there.visit('desktop');
  await authenticator(page);
  await logIn(page, asha);
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByRole('list', { name: 'Passkeys' }).waitFor();
  await page.screenshot({ path: screens + 'passkeys-desktop.png', fullPage: true });
  await leave(page);
  await page.goto('/login?next=/account');
  await page.waitForURL('**/account'); // nothing is pressed
});

test('An older session shows the passkey again before it changes one', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('phone');
  await authenticator(page);
  await byButtonAlone(page);
  await logIn(page, asha);
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'Add a passkey' }).tap();
  await page.getByRole('list', { name: 'Passkeys' }).waitFor();
  allow(/status of 403/, 'the session began a while ago');
  let first = true;
  await page.route('**/v1/me/factors/passkeys/*', async (route) => {
    if (!first) return route.continue();
    first = false;
    await route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify({ code: 'confirmation_needed', status: 403, title: '', type: '', detail: '' }) });
  });
  const remove = page.getByRole('button', { name: /^Remove the passkey / });
  await remove.tap();
  await remove.tap();
  await page.getByRole('button', { name: 'Show a passkey' }).waitFor();
  await page.screenshot({ path: screens + 'passkeys-again-phone.png', fullPage: true });
  await page.getByRole('button', { name: 'Show a passkey' }).tap();
  await until('nothing is asked any more', async () => (await page.getByRole('button', { name: 'Show a passkey' }).count()) === 0);
  await remove.tap();
  await until('the list is gone', async () => (await page.getByRole('list', { name: 'Passkeys' }).count()) === 0);
});

test('Who does not show a passkey is told so, and logs in by the password', async () => {
  const asha = await signUp();
  const { page } = await there.visit('desktop');
  const { cdp, authenticatorId } = await authenticator(page);
  await byButtonAlone(page);
  await logIn(page, asha);
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByRole('list', { name: 'Passkeys' }).waitFor();
  await leave(page);

  await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await page.goto('/login?next=/account');
  await page.getByRole('button', { name: 'Log in with a passkey' }).click();
  await page.getByText('No passkey was shown.').waitFor();
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.waitForURL('**/account');
});
