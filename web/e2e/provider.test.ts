/** Log-in by a provider, as the page sees it: what the server's redirects say stands in for a provider. Whole log-ins: api/oauth_test.go. */
import { readFileSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { signUp, type Customer } from './platform';
import { logIn, said, screens, stage, until, type Visit } from './world';

const there = stage();
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document);
    return violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', '));
  });
}

/** The server has two providers. */
function offered(page: Page): Promise<unknown> {
  return page.route('**/v1/oauth/providers', (route) => route.fulfill({ json: { items: [{ id: 'pop', name: 'Popcorn ID' }, { id: 'reel', name: 'Reel' }] } }));
}

/** What a browser gets with the cookie of a new session, without the page. */
async function entered({ context }: Visit, { email, password }: Customer): Promise<string> {
  const answer = await context.request.post('/v1/browser-sessions', { data: { email, password } });
  expect(answer.status()).toBe(201);
  return answer.text();
}

const problem = (status: number, code: string) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ type: '', title: '', status, code, detail: '' }) });
const address = (page: Page) => page.url().replace(/^https?:\/\/[^/]+/, '');
const back = encodeURIComponent('/login?entered=1&next=%2Ftickets');

test('The button of a provider leads there, and back to where the log-in began', async () => {
  const asha = await signUp();
  const visit = await there.visit('phone');
  const { page } = visit;
  await offered(page);
  let started = '';
  await page.route('**/v1/oauth/pop/start?*', async (route) => {
    const asked = new URL(route.request().url()).searchParams.get('return_to')!;
    started = asked;
    await entered(visit, asha);
    await route.fulfill({ contentType: 'text/html', body: `<meta http-equiv="refresh" content="0;url=${asked.replaceAll('&', '&amp;')}">` });
  });
  await page.goto('/login?next=/tickets');
  await page.getByRole('link', { name: 'Continue with Reel' }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: screens + 'provider-login-phone.png', fullPage: true });
  await page.getByRole('link', { name: 'Continue with Popcorn ID' }).tap();
  await page.waitForURL(({ pathname }) => pathname === '/tickets');
  expect(started).toBe('/login?entered=1&next=%2Ftickets');
  await page.goto('/account/profile');
  await page.getByLabel('Name').waitFor(); // it is remembered, too
});

test('A refused log-in says one thing, with the id for support', async () => {
  const { page } = await there.visit('desktop');
  await offered(page);
  await page.goto('/login?error=provider&request=01abc-7');
  await page.getByRole('alert').getByText('01abc-7').waitFor();
  await page.getByRole('link', { name: 'Continue with Reel' }).waitFor();
  expect(address(page)).toBe('/login');
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: screens + 'provider-refused-desktop.png', fullPage: true });
});

test('An address without a session shows the form', async () => {
  const { page, allow } = await there.visit('phone');
  allow(/status of 401/, 'there is no session');
  await page.goto('/login?entered=1&next=/tickets');
  await page.getByLabel('E-mail').waitFor();
  expect(address(page)).toBe('/login?next=%2Ftickets');
});

test('Who has an account types the mailed code, and then that of the app', async () => {
  const asha = await signUp();
  const visit = await there.visit('phone');
  const { page, allow } = visit;
  allow(/status of 422/, 'a wrong code');
  await page.route('**/v1/browser-sessions/identity', async (route) => {
    const { code } = route.request().postDataJSON() as { code: string };
    if (code !== '123456') return route.fulfill(problem(422, 'code_wrong'));
    await route.fulfill({ status: 202, json: { challenge: 'abc', ways: ['totp'], expires_in: 300 } });
  });
  await page.route('**/v1/browser-sessions/second-factor', async (route) => {
    expect(route.request().postDataJSON()).toEqual({ challenge: 'abc', code: '654321' });
    await route.fulfill({ status: 201, contentType: 'application/json', body: await entered(visit, asha) });
  });
  await page.goto(`/login?link=pop&return_to=${back}`);
  await page.getByText('We have mailed a code to that address.').waitFor();
  expect(address(page)).toBe('/login?next=%2Ftickets');
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: screens + 'provider-link-phone.png', fullPage: true });
  await page.getByLabel('Code').fill('1');
  await page.getByRole('button', { name: 'Link and log in' }).tap();
  await page.getByText('This code is wrong, or no longer counts.').first().waitFor();
  await page.getByLabel('Code').fill('123456');
  await page.getByRole('button', { name: 'Link and log in' }).tap();
  await page.getByText('Write the code that your authenticator app shows.').waitFor();
  await page.getByLabel('Code').fill('654321');
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.waitForURL(({ pathname }) => pathname === '/tickets');
});

test('Who logs in as before comes to the same place, and a code that is over begins again', async () => {
  const asha = await signUp();
  const { page, allow } = await there.visit('desktop');
  allow(/status of 401/, 'its time is over');
  await page.goto(`/login?link=pop&return_to=${back}`);
  await page.getByLabel('Code').fill('123456');
  await page.getByRole('button', { name: 'Link and log in' }).click(); // the server knows of no offer
  await page.getByText('That log-in does not count any more. Begin again.').waitFor();

  await page.goto(`/login?link=pop&return_to=${back}`);
  await page.getByRole('button', { name: 'Log in as before' }).click();
  await page.getByLabel('E-mail').fill(asha.email);
  await page.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.waitForURL(({ pathname }) => pathname === '/tickets');
});

test('The second step of a provider\'s log-in is the same form, and its challenge leaves the address', async () => {
  const asha = await signUp();
  const visit = await there.visit('desktop');
  const { page } = visit;
  await page.route('**/v1/browser-sessions/second-factor', async (route) => {
    expect(route.request().postDataJSON()).toEqual({ challenge: 'xyz', recovery_code: 'AAAA-BBBB' });
    await route.fulfill({ status: 201, contentType: 'application/json', body: await entered(visit, asha) });
  });
  await page.goto(`/login?return_to=${back}#challenge=xyz&way=totp&way=recovery_code`);
  await page.getByText('Write the code that your authenticator app shows.').waitFor();
  expect(address(page)).toBe('/login?next=%2Ftickets');
  await page.getByRole('button', { name: 'Use a recovery code' }).click();
  await page.getByLabel('Recovery code').fill('AAAA-BBBB');
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.waitForURL(({ pathname }) => pathname === '/tickets');
});

test.each(['phone', 'desktop'] as const)('In the account on a %s: links are listed, removed and made', async (kind) => {
  const asha = await signUp();
  const { page, allow } = await there.visit(kind);
  allow(/status of (403|409)/, 'an older session, and the last way in');
  await offered(page);
  const pop = { id: '0b6c1f4e-0000-4000-8000-000000000001', provider: 'pop', name: 'Popcorn ID', created_at: '2026-01-05T10:00:00Z', last_used_at: '2026-02-06T11:00:00Z' };
  let mine = [pop];
  const refusals = ['confirmation_needed', 'conflict'];
  await page.route('**/v1/me/identities', (route) => route.fulfill({ json: { items: mine } }));
  await page.route('**/v1/me/identities/' + pop.id, async (route) => {
    const refusal = refusals.shift();
    if (refusal) return route.fulfill(problem(refusal === 'conflict' ? 409 : 403, refusal));
    mine = [];
    await route.fulfill({ status: 204 });
  });
  await page.route('**/v1/me/identities/reel', async (route) => {
    expect(route.request().postDataJSON()).toEqual({ return_to: '/account/security?linked=reel' });
    mine = [{ ...pop, provider: 'reel', name: 'Reel' }];
    await route.fulfill({ status: 201, json: { location: new URL('/account/security?linked=reel', page.url()).href } });
  });
  await logIn(page, asha);
  await page.goto('/account/security?refused=01abc-8');
  const list = page.getByRole('list', { name: 'Log-in by other services' });
  await list.getByText('Popcorn ID').waitFor();
  await page.getByRole('alert').getByText('01abc-8').waitFor();
  expect(address(page)).toBe('/account/security');
  expect(await page.getByRole('button', { name: 'Link Popcorn ID' }).count()).toBe(0);
  expect(await violations(page)).toEqual([]);
  await page.screenshot({ path: `${screens}provider-account-${kind}.png`, fullPage: true });

  const remove = page.getByRole('button', { name: 'Remove the log-in by Popcorn ID' });
  await remove.click();
  await remove.click();
  await list.getByLabel('Password', { exact: true }).fill(asha.password);
  await page.screenshot({ path: `${screens}provider-proof-${kind}.png`, fullPage: true });
  await remove.click();
  await page.getByText('This is the only way into your account.').waitFor();
  await remove.click();
  await until('the list is gone', async () => (await list.count()) === 0);
  expect(await said(page)).toBe('The log-in by Popcorn ID is removed.');

  await page.getByRole('button', { name: 'Link Reel' }).click();
  await list.getByText('Reel').waitFor();
  await until('it is said', async () => (await said(page)).includes('Reel is linked.'));
  expect(address(page)).toBe('/account/security');
});

test('One who was to link a provider, and was refused, is told in the account', async () => {
  const asha = await signUp();
  const { page } = await there.visit('phone');
  await offered(page);
  await logIn(page, asha);
  await page.goto('/login?error=provider&request=01abc-9');
  await page.getByRole('heading', { name: 'Log-in by other services' }).waitFor();
  await page.getByRole('alert').getByText('01abc-9').waitFor();
  expect(address(page)).toBe('/account/security');
});
