import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { bank, base, booking, call, cancel, confirm, type Customer, findShow, hold, newcomer, pay, payInVain, sandbox, type Schemas, signUp, until as untilSo } from './platform';
import { cards, logIn, payWith, readyOffline, stage, until } from './world';

const there = stage();
const qr = (page: Page) => page.getByRole('img', { name: 'QR code for the door' });
const byLink = 'Log in to change it';

/** Seats that somebody holds in another browser. */
async function held(phone?: string): Promise<{ asha: Customer; booking: Schemas['Booking']; back: string }> {
  const asha = await signUp('Asha Quartermaine');
  if (phone) {
    await call('PATCH', '/v1/me', { phone }, asha.token);
    await confirm(asha, 'email', asha.email);
    await call('POST', '/v1/me/verification', { channel: 'sms' }, asha.token);
    await confirm(asha, 'sms', phone);
  }
  const show = await findShow();
  const made = await hold(asha, show.id, [show.free[0]!]);
  return { asha, booking: made, back: made.payment!.return_url! };
}

/** What the server says to this browser, as a page of the app asks it. */
function asks(page: Page, method: string, path: string): Promise<number> {
  return page.evaluate(async ([how, where]) => (await fetch(where!, { method: how!, ...(how === 'POST' ? { body: '{}', headers: { 'Content-Type': 'application/json' } } : {}) })).status, [method, path]);
}

/** The page shows the booking, nothing else of its account, and nothing that changes it. */
async function showsOnly(page: Page, { asha, booking: made }: { asha: Customer; booking: Schemas['Booking'] }): Promise<void> {
  await page.getByText(byLink).waitFor();
  const key = new URL(made.payment!.return_url!).searchParams.get('key')!;
  expect(page.url()).not.toContain(key);
  expect(new URL(page.url()).searchParams.has('by'), 'the mark is off the address').toBe(false);
  expect(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage }) + document.referrer)).not.toContain(key);
  expect((await page.content()).includes(asha.email) || (await page.content()).includes('Quartermaine')).toBe(false);
  for (const name of [/^Pay/, /Give me more time/, /^Let /]) expect(await page.getByRole('button', { name }).count(), String(name)).toBe(0);
  expect(await page.getByRole('link', { name: 'Cancel this booking' }).count()).toBe(0);
  for (const path of ['/v1/me', '/v1/bookings']) expect(await asks(page, 'GET', path), path).toBe(401);
  for (const path of ['cancel', 'payment', 'payment/check', 'extend', 'change']) expect(await asks(page, 'POST', `/v1/bookings/${made.id}/${path}`), path).toBe(401);
}

/**
 * Makes each kept file one that varies by a header which only the worker sent: whether the browser
 * sends others with a file, such as Origin, is different from one visit to the next. Runs in the page.
 */
async function varied(): Promise<void> {
  for (const name of await caches.keys()) {
    const files = await caches.open(name);
    for (const { url } of await files.keys()) {
      const kept = (await files.match(url, { ignoreVary: true }))!;
      await files.delete(url, { ignoreVary: true });
      const headers = new Headers(kept.headers);
      headers.set('Vary', 'X-Sent-By');
      await files.put(new Request(url, { headers: { 'X-Sent-By': 'worker' } }), new Response(await kept.blob(), { headers }));
    }
  }
}

test.each(['GET', 'POST'] as const)('G6 The return address opened elsewhere by %s shows this order live, and nothing else of the account', async (method) => {
  const order = await held();
  const { page, context, allow } = await there.visit('phone');
  allow(/401/, 'the test asks for what the link does not open');
  if (method === 'GET') {
    await page.goto(order.back);
  } else {
    const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().startsWith(base));
    await page.goto(bank(order.back)).catch(() => {}); // it leaves at once
    expect(await (await sent).headerValue('origin'), 'sent by the page of another site').toBe('null');
  }
  await page.waitForURL((url) => url.pathname === '/bookings/' + order.booking.id);
  await showsOnly(page, order);
  const cookies = await context.cookies(`${base}/v1/bookings/${order.booking.id}`);
  expect(cookies.map(({ name, httpOnly, sameSite, path }) => ({ name, httpOnly, sameSite, path }))).toEqual([
    { name: base.startsWith('https') ? '__Secure-boxoffice_booking' : 'boxoffice_booking', httpOnly: true, sameSite: 'Strict', path: '/v1/bookings/' + order.booking.id },
  ]);
  expect(await context.cookies(base + '/v1/me'), 'for this booking only').toEqual([]);

  await pay(order.asha, order.booking);
  await page.getByText('The seat is yours').waitFor();
  await page.getByRole('link', { name: 'Show the ticket' }).tap();
  await qr(page).waitFor();
  await page.reload();
  await qr(page).waitFor();
  await cancel(order.asha, order.booking.id);
  await page.goto('/bookings/' + order.booking.id);
  await page.getByText('Cancelled', { exact: true }).waitFor();

  await page.goto('/tickets');
  await page.getByText('Log in to see your tickets and bookings.').waitFor();
  expect(await page.content()).not.toContain(order.booking.id);
  await page.goto(`/bookings/${order.booking.id}/cancel`);
  await page.waitForURL(/\/login\?next=/);
});

test.each(['an account', 'a guest'] as const)('Scenario 5: Who comes back from the bank by POST sees the order and is still logged in: %s', async (who) => {
  const { page, context } = await there.visit('phone');
  if (who === 'an account') await logIn(page, await signUp());
  else {
    await page.goto('/about');
    const { id } = await page.evaluate(async (email) => {
      const made = await fetch('/v1/browser-sessions/guest', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email }) });
      if (!made.ok) throw new Error('guest: ' + made.status);
      const { access_token } = (await made.json()) as { access_token: string };
      return (await (await fetch('/v1/me', { headers: { Authorization: 'Bearer ' + access_token } })).json()) as { id: string };
    }, newcomer().email);
    await page.evaluate((me) => localStorage.setItem('boxoffice.account', me), id);
  }
  const order = await held();
  const session = async () => (await context.cookies(base)).filter((cookie) => cookie.name.endsWith('boxoffice_session'));
  const before = await session();
  expect(before).toHaveLength(1);

  const posted = page.waitForRequest((r) => r.method() === 'POST' && r.url().startsWith(base) && r.isNavigationRequest());
  await page.goto(bank(order.back)).catch(() => {}); // it leaves at once
  const request = await posted;
  expect(await request.headerValue('cookie'), 'the session is not sent from another site').toBeNull();
  const answer = (await request.response())!;
  expect(answer.status()).toBe(303);
  expect(await answer.headerValue('set-cookie') ?? '', 'the session is not overwritten').not.toContain('boxoffice_session');
  await page.waitForURL((url) => url.pathname === '/bookings/' + order.booking.id);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await until('the page has asked who is logged in', async () => (await session()).length === 1);
  expect(await asks(page, 'POST', '/v1/browser-sessions/refresh'), 'still logged in').toBe(200);
  await page.goto('/tickets');
  await page.getByRole('navigation').getByRole('link', { name: 'Log in' }).waitFor({ state: 'detached' });
  expect(await page.getByText('Log in to see your tickets and bookings.').count()).toBe(0);
});

test('G6 A payment that was declined is told elsewhere, too', async () => {
  const order = await held();
  const { page, allow } = await there.visit('desktop');
  allow(/401/, 'the test asks for what the link does not open');
  await page.goto(order.back);
  await payInVain(order.asha, order.booking);
  await page.getByText('The payment was declined').waitFor();
  await showsOnly(page, order);
});

test('G6 The owner who comes back by the return address sees all of the booking', async () => {
  const order = await held();
  const { page } = await there.visit('desktop');
  await logIn(page, order.asha);
  await page.goto('/bookings/' + order.booking.id);
  await page.getByRole('button', { name: /^Pay ₹/ }).click();
  await payWith(page, cards.pays);
  await page.waitForURL(/\/bookings\//);
  await page.getByText('The seat is yours').waitFor();
  await page.getByRole('link', { name: 'Cancel this booking' }).waitFor();
  expect(await page.getByText(byLink).count()).toBe(0);
  expect(page.url()).not.toMatch(/key=|by=/);

  // A log-out takes the link along.
  await page.goto('/account');
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'Log in' }).waitFor();
  await until('the link is forgotten', async () => (await page.context().cookies(`${base}/v1/bookings/${order.booking.id}`)).length === 0);
  await page.goto('/bookings/' + order.booking.id);
  await page.waitForURL(/\/login\?next=/);
});

test('G6 Somebody else who is logged in sees the order by its link, and stays logged in', async () => {
  const order = await held();
  await pay(order.asha, order.booking);
  const ben = await signUp('Ben');
  const { page, allow } = await there.visit('desktop');
  await logIn(page, ben);
  await page.goto(order.back);
  await page.getByText('It belongs to another account').waitFor();
  expect(await page.getByRole('link', { name: 'Cancel this booking' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Show the ticket' }).click();
  await qr(page).waitFor();
  await page.goto('/tickets');
  await page.getByText('You have no tickets yet.').waitFor();
  await page.goto('/account');
  await page.getByText(ben.email).first().waitFor();
  allow(/404/, 'the booking is not there for him without its link');
  await page.context().clearCookies({ name: 'boxoffice_booking' });
  await page.goto('/bookings/' + order.booking.id);
  await page.getByRole('alert').waitFor();
  // What is read, not the whole document: F1 is a film, and a part of a color.
  expect(await page.locator('body').innerText()).not.toContain(order.booking.show.movie_title);
});

test('G6 A link opens in a browser whose own session has ended', async () => {
  const { asha, booking: made, back } = await held();
  await pay(asha, made);
  const { page, allow } = await there.visit('phone');
  await logIn(page, asha);
  await page.goto('/bookings');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await call('DELETE', '/v1/me/sessions', undefined, asha.token);
  allow(/401/, 'the session is over');
  await page.goto(back);
  await page.getByText('The seat is yours').waitFor();
  await page.getByText(byLink).waitFor();
});

test('G6 A link that is cut leads to the log-in, which says why and leads to the booking', async () => {
  const order = await held();
  await pay(order.asha, order.booking);
  const { page, allow } = await there.visit('phone');
  allow(/401/, 'the link is refused');
  await page.goto(order.back.slice(0, -3));
  await page.getByText('The link does not open the booking any more.').waitFor();
  await page.getByLabel('E-mail').fill(order.asha.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(order.asha.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).tap();
  await page.waitForURL((url) => url.pathname === '/bookings/' + order.booking.id);
  await page.getByRole('link', { name: 'Cancel this booking' }).waitFor();
});

interface Letter {
  channel: string;
  text: string;
  html?: string;
}

/** The link of the message about a booking. */
async function linkIn(channel: string, to: string, subject: RegExp): Promise<string> {
  const letters = await untilSo(
    async () => ((await (await fetch(`${sandbox}/inbox.json?to=${encodeURIComponent(to)}`)).json()) as { messages: (Letter & { subject?: string })[] }).messages,
    (all) => all.some((letter) => letter.channel === channel && subject.test((letter.subject ?? '') + letter.text)),
  );
  const letter = letters.find((one) => one.channel === channel && subject.test((one.subject ?? '') + one.text))!;
  return /https?:\/\/\S*\/(?:bookings\/\S+|b\?\S+)/.exec(letter.text)![0];
}

test('G10 The mail link opens the ticket without a password', async () => {
  const order = await held();
  await pay(order.asha, order.booking);
  const link = await linkIn('email', order.asha.email, /Your tickets/);
  const { page, context } = await there.visit('phone'); // nothing of the app is kept here
  const start = Date.now();
  await page.goto(link);
  await page.getByText(byLink).waitFor();
  await page.getByRole('link', { name: 'Show the ticket' }).tap();
  await qr(page).waitFor();
  expect(Date.now() - start).toBeLessThan(5000);
  const bought = await booking(order.asha, order.booking.id);
  await page.getByText(bought.ticket!.serial).waitFor();
  await page.getByText('Without a network this page does not open, but the PDF does').waitFor();

  const [pdf] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'PDF' }).tap()]);
  expect(pdf.suggestedFilename()).toMatch(/\.pdf$/);
  const kept = await page.evaluate(async () => JSON.stringify([{ ...localStorage }, await indexedDB.databases()]));
  expect(kept, 'no ticket is kept').not.toContain(bought.ticket!.serial);
  expect(kept).not.toContain('"tickets"');

  // The same with the service worker, which must not answer for the server.
  await readyOffline(page);
  await context.clearCookies();
  await page.goto(link);
  await page.getByText(byLink).waitFor();
});

test('G10 The link of an SMS is short and opens the same', async () => {
  const phone = '+9198' + String(Date.now()).slice(-8);
  const order = await held(phone);
  await pay(order.asha, order.booking);
  const link = await linkIn('sms', phone, /^Booked/);
  expect(link.length).toBeLessThanOrEqual((base + '/bookings/' + order.booking.id).length + 2);
  const { page } = await there.visit('phone');
  await page.goto(link);
  await page.getByText(byLink).waitFor();
  await page.getByText('The seat is yours').waitFor();
  expect(new URL(page.url()).pathname).toBe('/bookings/' + order.booking.id);
});

test('G10 Without a network the mail link opens what the owner has on the phone', async () => {
  const order = await held();
  await pay(order.asha, order.booking);
  const link = await linkIn('email', order.asha.email, /Your tickets/);
  const { page, context, allow } = await there.visit('phone');
  await logIn(page, order.asha);
  await page.goto('/tickets/' + order.booking.id);
  await qr(page).waitFor();
  await page.getByText('works without a network').waitFor();
  await readyOffline(page);
  await page.evaluate(varied);
  allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/, 'the phone has no network');
  await context.setOffline(true);
  const { pathname, search } = new URL(link);
  await page.goto(pathname.replace('/bookings/', '/tickets/') + search);
  await qr(page).waitFor();
  expect(page.url()).not.toContain('key=');
});
