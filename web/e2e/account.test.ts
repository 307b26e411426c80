import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { base, call, codeTo, confirm, letterTo, newcomer, signUp, type Customer, type Schemas } from './platform';
import { logIn, stage, until, type Kind, type Visit } from './world';

const there = stage();
const kinds = ['desktop', 'phone'] as const;

const me = (customer: Customer) => call<Schemas['Account']>('GET', '/v1/me', undefined, customer.token);
const choices = async (customer: Customer) => (await call<{ items: Schemas['NotificationChoice'][] }>('GET', '/v1/me/notifications', undefined, customer.token)).items;
const wanted = async (customer: Customer, kind: string, channel: string) => (await choices(customer)).find((one) => one.kind === kind && one.channel === channel)!.wanted;
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true });

/** Goes with Tab alone to a part of the page. */
async function tabTo(page: Page, part: Locator): Promise<void> {
  await part.waitFor();
  for (let i = 0; i < 60; i++) {
    if (await part.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('Tab does not reach ' + String(part));
}

/** What a hand does: on a desktop with keys alone, on a phone by touch. */
function hand(page: Page, kind: Kind) {
  const keys = kind === 'desktop';
  return {
    async press(part: Locator) {
      if (!keys) return part.tap();
      await tabTo(page, part);
      await page.keyboard.press((await part.getAttribute('role')) === 'switch' ? 'Space' : 'Enter');
    },
    async write(field: Locator, text: string) {
      if (!keys) return field.fill(text);
      await tabTo(page, field);
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
    },
    async choose(list: Locator, name: string) {
      if (!keys) return void (await list.selectOption({ label: name }));
      await tabTo(page, list);
      await page.keyboard.type(name);
    },
  };
}

async function member(kind: Kind, customer: Customer): Promise<Visit> {
  const visit = await there.visit(kind);
  await logIn(visit.page, customer);
  return visit;
}

test.each(kinds)('The account is a list of parts with addresses of their own, on a %s', async (kind) => {
  const asha = await signUp();
  const { page } = await member(kind, asha);
  const { press } = hand(page, kind);
  await page.goto('/account');
  const list = page.getByRole('navigation', { name: 'Parts of your account' });
  await list.getByText(asha.email).waitFor();
  expect(await page.locator('form').count(), 'forms on the first screen: only the code that is due').toBe(1);
  for (const [name, path] of [['Name and phone', 'profile'], ['E-mail', 'email'], ['Password', 'password'], ['Log-in and devices', 'security'], ['Messages', 'messages'], ['What you like', 'tastes'], ['Language and place', 'region']] as const) {
    await press(list.getByRole('link', { name }));
    await page.waitForURL('**/account/' + path);
    await heading(page, name).waitFor();
    expect(await page.title()).toBe(name + ' – Boxoffice');
    if (kind === 'desktop') expect(await list.getByRole('link', { name }).getAttribute('aria-current')).toBe('page');
    else {
      await page.getByRole('banner').or(page.locator('.top')).getByRole('link', { name: 'Account' }).first().tap();
      await page.waitForURL('**/account');
    }
  }
  await page.goto('/account/messages');
  await heading(page, 'Messages').waitFor();
  expect((await fetch(base + '/account/nothing')).status).toBe(404);
});

test.each(kinds)('The password is changed, and the other devices are logged out, on a %s', async (kind) => {
  const asha = await signUp();
  const { page, allow } = await member(kind, asha);
  const { press, write } = hand(page, kind);
  allow(/status of 422/, 'a wrong password, and one that is tried first');
  await page.goto('/account/password');
  const current = page.getByLabel('Current password');
  const next = page.getByLabel('New password');
  expect([await current.getAttribute('autocomplete'), await next.getAttribute('autocomplete')]).toEqual(['current-password', 'new-password']);
  const submit = page.getByRole('button', { name: 'Change the password' });

  await write(current, 'not the password');
  await write(next, 'velvet otter under rain');
  await press(submit);
  await until('the error is at its field', async () => (await current.getAttribute('aria-invalid')) === 'true');
  expect(await page.locator('.wrong').allTextContents()).toEqual(['The password is wrong.']);
  expect([await current.inputValue(), await next.inputValue(), await next.getAttribute('aria-invalid')]).toEqual(['not the password', 'velvet otter under rain', null]);

  await write(current, asha.password);
  await write(next, 'password1234');
  await press(submit);
  await until('the new one is wrong', async () => (await next.getAttribute('aria-invalid')) === 'true');
  expect(await page.locator('.wrong').allTextContents()).toEqual([expect.stringContaining('among those that are tried first')]);
  await write(next, 'short');
  await press(submit);
  await page.getByText('needs at least 10 characters').first().waitFor();

  await write(next, 'velvet otter under rain');
  await press(submit);
  await page.getByText('Your other devices are logged out').waitFor();
  await letterTo('email', asha.email, /password/i);
  expect(await fetch(base + '/v1/sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: asha.email, password: asha.password }) }).then((r) => r.status)).toBe(401);
  await press(page.getByRole('link', { name: 'Where you are logged in', exact: true }));
  const devices = page.getByRole('list', { name: 'Where you are logged in' });
  await devices.waitFor();
  expect(await devices.getByRole('listitem').count(), 'the session of the sign-up has ended').toBe(1);
});

test.each(kinds)('Another e-mail address counts once its code is written, and the old one is told, on a %s', async (kind) => {
  const asha = await signUp();
  const { page, allow } = await member(kind, asha);
  const { press, write } = hand(page, kind);
  allow(/status of 403/, 'the session is older');
  allow(/status of 422/, 'a wrong password, a wrong code');
  // As the platform answers ten minutes after the log-in.
  let older = true;
  await page.route('**/v1/me/email', (route) =>
    older ? route.fulfill({ status: 403, contentType: 'application/problem+json', json: { type: 'about:blank', title: 'Confirm first', status: 403, code: 'confirmation_needed' } }) : route.fallback(),
  );
  page.on('response', (response) => {
    if (response.url().endsWith('/v1/me/confirm') && response.ok()) older = false;
  });
  await page.goto('/account/email');
  const { email: next } = newcomer();
  const address = page.getByLabel('New e-mail address');
  const send = page.getByRole('button', { name: 'Send a code' }).first();
  await write(address, next);
  await press(send);
  await page.getByText('You logged in a while ago').waitFor();
  const password = page.getByLabel('Password', { exact: true });
  await write(password, 'wrong');
  await press(send);
  await until('the error is at its field', async () => (await password.getAttribute('aria-invalid')) === 'true');
  expect(await address.inputValue(), 'nothing typed is lost').toBe(next);
  await write(password, asha.password);
  await press(send);
  const code = page.getByLabel('Code', { exact: true });
  await until('the code is what is written next', () => code.evaluate((element) => element === document.activeElement));
  await page.getByText('We have sent a code to ' + next).first().waitFor();
  await page.getByText(/You can ask for another code in \d+ s/).waitFor();

  await write(code, '000000');
  await press(page.getByRole('button', { name: 'Confirm', exact: true }));
  await until('the error is at its field', async () => (await code.getAttribute('aria-invalid')) === 'true');
  expect((await me(asha)).email).toBe(asha.email);
  await write(code, await codeTo('email', next));
  await press(page.getByRole('button', { name: 'Confirm', exact: true }));
  await page.getByText(`Your e-mail address is ${next} now.`).waitFor();
  await page.getByText(`We told ${asha.email}.`).waitFor();
  await until('what was done has the focus', () => page.evaluate(() => document.activeElement?.textContent?.includes('We told')));
  expect(await me(asha)).toMatchObject({ email: next, email_verified: true });
  expect((await letterTo('email', asha.email, /email-undo#token=/)).text).not.toContain(next);
});

test('An address that has an account is answered as every other, and another code ends the first', async () => {
  const asha = await signUp();
  const taken = await signUp('Ben');
  const { page, allow } = await member('phone', asha);
  allow(/status of 422/, 'codes that do not count');
  await page.clock.install();
  await page.goto('/account/email');
  await page.getByLabel('New e-mail address').fill(taken.email);
  await page.getByRole('button', { name: 'Send a code' }).first().tap();
  await page.getByText('We have sent a code to ' + taken.email).first().waitFor();
  await page.getByText('An address that has an account already gets no code.').waitFor();
  await page.getByRole('button', { name: 'Use another address' }).tap();

  const { email: next } = newcomer();
  await page.getByLabel('New e-mail address').fill(next);
  await page.getByRole('button', { name: 'Send a code' }).first().tap();
  const first = await codeTo('email', next);
  await page.clock.fastForward(31_000);
  await page.getByRole('button', { name: 'Send another code' }).tap();
  await page.getByText(/You can ask for another code in \d+ s/).waitFor();
  const second = await codeOtherThan(first, next);

  // The page was put away while its owner read the mail.
  await page.reload();
  await page.getByRole('button', { name: 'I have a code already' }).tap();
  await page.getByLabel('Code', { exact: true }).fill(first);
  await page.getByRole('button', { name: 'Confirm', exact: true }).tap();
  await page.getByText('This code is wrong').first().waitFor();
  await page.getByLabel('Code', { exact: true }).fill(second);
  await page.getByRole('button', { name: 'Confirm', exact: true }).tap();
  await page.getByText(`Your e-mail address is ${next} now.`).waitFor();
});

async function codeOtherThan(first: string, to: string): Promise<string> {
  let code = first;
  await until('another code', async () => (code = await codeTo('email', to)) !== first);
  return code;
}

test.each(kinds)('Messages are chosen by kind and channel, on a %s', async (kind) => {
  const asha = await signUp();
  const { page, allow, context } = await member(kind, asha);
  const { press, write } = hand(page, kind);
  await page.goto('/account/messages');
  const group = (name: string) => page.getByRole('group', { name });
  const mail = group('Reminders').getByRole('switch', { name: 'Mail' });
  await press(mail);
  await until('it is stored', async () => !(await wanted(asha, 'reminders', 'email')));
  await group('Reminders').getByText('Saved.').waitFor();
  expect(await mail.isChecked()).toBe(false);
  for (const name of ['Tickets', 'Changes']) {
    expect(await group(name).getByRole('switch', { name: 'Mail' }).count(), 'it cannot be turned off').toBe(0);
    await group(name).getByText('Always').waitFor();
  }
  await page.reload();
  await mail.waitFor();
  expect(await mail.isChecked(), 'after a reload').toBe(false);

  allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/, 'the network is gone');
  await context.setOffline(true);
  const push = group('Changes').getByRole('switch', { name: 'Push message' });
  await press(push);
  await group('Changes').getByText('Not saved. Try again.').waitFor();
  expect(await push.isChecked(), 'it is as it was').toBe(true);
  await context.setOffline(false);
  await press(push);
  await until('it is stored', async () => !(await wanted(asha, 'changes', 'push')));
  await group('Changes').getByText('Not saved').waitFor({ state: 'detached' });

  // Text messages need a number, which needs the address to be proved.
  expect(await group('Reminders').getByRole('switch', { name: 'Text message' }).count()).toBe(0);
  await press(page.getByRole('link', { name: 'Add your number' }));
  await heading(page, 'Name and phone').waitFor();
  const phone = '+9198' + String(Date.now()).slice(-8);
  await write(page.getByLabel('Phone'), phone);
  await press(page.getByRole('button', { name: 'Save' }));
  await page.getByText('Saved.').first().waitFor();
  await confirm(asha, 'email', asha.email);
  await page.reload();
  await press(page.getByRole('button', { name: 'Send a code' }));
  await page.getByLabel('Code', { exact: true }).waitFor();
  await write(page.getByLabel('Code', { exact: true }), await codeTo('sms', phone));
  await press(page.getByRole('button', { name: 'Confirm', exact: true }));
  await until('the number is proved', async () => (await me(asha)).phone_verified);
  await page.goto('/account/messages');
  await press(group('Reminders').getByRole('switch', { name: 'Text message' }));
  await until('it is stored', async () => !(await wanted(asha, 'reminders', 'sms')));
});

test.each(kinds)('The language changes at once, and the home city is what the first screen shows, on a %s', async (kind) => {
  const asha = await signUp();
  const { page, allow } = await member(kind, asha);
  const { press, write, choose } = hand(page, kind);
  allow(/status of 422/, 'a time zone that is not there');
  const { items } = await call<{ items: Schemas['City'][] }>('GET', '/v1/cities');
  const city = items.at(-1)!;
  await page.goto('/account/region');
  await choose(page.getByLabel('Home city'), city.name);
  const zone = page.getByLabel('Time zone');
  await write(zone, 'Moon/Base');
  await press(page.getByRole('button', { name: 'Save' }));
  await until('the error is at its field', async () => (await zone.getAttribute('aria-invalid')) === 'true');
  expect(await zone.inputValue()).toBe('Moon/Base');
  await write(zone, 'kolkata');
  await press(page.getByRole('button', { name: 'Save' }));
  await page.getByText('Saved.').first().waitFor();
  await until('what it was taken for', async () => (await zone.inputValue()) === 'Asia/Kolkata');
  expect(await me(asha)).toMatchObject({ home_city: city.slug, time_zone: 'Asia/Kolkata' });

  const language = page.getByLabel('Language');
  if (kind === 'phone') await language.selectOption('hi');
  else {
    await tabTo(page, language);
    await page.keyboard.press('ArrowDown');
  }
  await heading(page, 'भाषा और जगह').waitFor();
  await until('mails follow', async () => (await me(asha)).locale === 'hi');
  await page.goto('/');
  await page.getByRole('heading', { level: 1, name: city.name }).waitFor();

  const other = await member(kind, asha);
  await other.page.goto('/');
  await other.page.getByRole('heading', { level: 1, name: city.name }).waitFor();
});

test('Who is logged out comes back to the part of the account after the log-in', async () => {
  const asha = await signUp();
  const { page, allow } = await member('phone', asha);
  allow(/status of 401/, 'the session has ended');
  await page.goto('/account/password');
  await page.getByLabel('Current password').fill(asha.password);
  await page.getByLabel('New password').fill('velvet otter under rain');
  await call('DELETE', '/v1/me/sessions?except_current=true', undefined, asha.token);
  await page.getByRole('button', { name: 'Change the password' }).tap();
  await page.waitForURL('**/login?next=/account/password');
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.waitForURL('**/account/password');
  await page.getByLabel('Current password').waitFor();

  const visitor = await there.visit('desktop');
  await visitor.page.goto('/account/region');
  await visitor.page.waitForURL('**/login?next=/account/region');
});
