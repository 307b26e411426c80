import { createHmac } from 'node:crypto';

import { expect, test } from 'vitest';

import { signUp } from './platform';
import { logIn, stage } from './world';

const there = stage();

/** What an authenticator app shows now (RFC 6238). */
function shown(secret: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/=+$/, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(step).digest();
  const at = mac[mac.length - 1]! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('An authenticator app makes the log-in two steps, and a recovery code lets in without it', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('phone');
  await logIn(page, asha);
  await page.goto('/account/security');
  await page.getByRole('button', { name: 'Set up an authenticator app' }).tap();
  await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
  const secret = (await page.locator('.secret code').textContent())!;
  await page.getByLabel('Code').fill(shown(secret));
  await page.getByRole('button', { name: 'Confirm', exact: true }).tap();
  await page.getByText('Keep these recovery codes').waitFor();
  const recovery = await page.locator('ul code').allTextContents();
  expect(recovery).toHaveLength(10);
  await page.goto('/account');
  await page.getByRole('button', { name: 'Log out', exact: true }).tap();
  await page.waitForURL('**/');

  allow(/status of 422/, 'a wrong code');
  await page.goto('/login?next=/account/security');
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.getByText('Write the code that your authenticator app shows.').waitFor();
  await page.getByRole('button', { name: 'Use a recovery code' }).tap();
  await page.getByLabel('Recovery code').fill('nothing-of-the-kind');
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.getByText('This code is wrong').first().waitFor();
  await page.getByLabel('Recovery code').fill(recovery[0]!);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.getByText('Recovery codes left: 9.').waitFor();

  await page.getByRole('button', { name: 'Remove the authenticator app' }).tap();
  await page.getByRole('button', { name: 'Remove the authenticator app' }).tap();
  await page.getByRole('button', { name: 'Set up an authenticator app' }).waitFor();
});
