import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { base, findShow, hold, pay, signUp, type Customer, type Schemas, type Show } from './platform';
import { logIn, readyOffline, seat, stage, until } from './world';

const there = stage();
const qr = (page: Page) => page.getByRole('img', { name: 'QR code for the door' });

async function bought(show: Show, name?: string): Promise<{ customer: Customer; booking: Schemas['Booking'] }> {
  const customer = await signUp(name);
  return { customer, booking: await pay(customer, await hold(customer, show.id, [show.free[0]!])) };
}

/** All that this browser keeps of the app. Runs in the page. */
async function everythingKept(): Promise<string> {
  const out: string[] = [document.documentElement.outerHTML, JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      out.push(request.url);
      // Files of the app are the same for all people.
      if (!new URL(request.url).pathname.startsWith('/assets/')) out.push(await (await cache.match(request))!.text());
    }
  }
  const asked = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
  for (const { name } of await indexedDB.databases()) {
    const db = await asked(indexedDB.open(name!));
    for (const store of db.objectStoreNames) {
      const rows = db.transaction(store).objectStore(store);
      out.push(JSON.stringify(await asked(rows.getAll())), JSON.stringify(await asked(rows.getAllKeys())));
    }
    db.close();
  }
  return out.join('\n');
}

test('G8 Unknown files of the app are 404, not the app', async () => {
  for (const path of ['/assets/x.js', '/assets/index-00000000.js', '/assets/x.css']) {
    const answer = await fetch(base + path);
    expect(answer.status, path).toBe(404);
    expect(answer.headers.get('content-type') ?? '').not.toContain('html');
  }
});

test('G9 A shared phone keeps nothing of the one who logged out', async () => {
  const show = await findShow();
  const { customer, booking } = await bought(show, 'Zubeida Quartermaine');
  const { page, context, allow } = await there.visit('phone');
  await logIn(page, customer);
  await page.goto('/tickets/' + booking.id);
  await qr(page).waitFor();
  await readyOffline(page);
  const secrets = [customer.id, customer.email, 'Quartermaine', booking.id, booking.ticket!.serial, customer.password];
  const kept = await page.evaluate(everythingKept);
  expect(kept, 'before, the ticket is kept').toContain(booking.ticket!.serial);

  await page.goto('/account');
  await page.getByText(customer.email).first().waitFor();
  const ended = page.waitForResponse((answer) => answer.request().method() === 'DELETE' && answer.url().endsWith('/v1/browser-sessions'));
  await page.getByRole('button', { name: 'Log out', exact: true }).tap();
  await page.getByRole('navigation').getByRole('link', { name: 'Log in' }).waitFor();
  await ended; // without a network before that, the cookie would stay until its time is over
  allow(/ERR_INTERNET_DISCONNECTED|ERR_FAILED/, 'the phone has no network');
  await context.setOffline(true);
  for (const path of ['/tickets', '/tickets/' + booking.id, '/account']) {
    await page.goto(path);
    await page.getByRole('link', { name: 'Log in' }).first().waitFor();
    const left = (await page.evaluate(everythingKept)).replaceAll(path, '').replaceAll(encodeURIComponent(path), '');
    for (const secret of secrets) expect(left, `${path}: ${secret}`).not.toContain(secret);
  }
  await context.setOffline(false);
  expect((await context.cookies()).filter((c) => c.value !== ''), 'cookies').toEqual([]);
});

test('G9 Another tab shows nothing of the account any more', async () => {
  const customer = await signUp();
  const { page, context } = await there.visit('desktop');
  await logIn(page, customer);
  await page.goto('/account');
  await page.getByText(customer.email).first().waitFor();
  const other = await context.newPage();
  await other.goto('/account');
  await other.getByText(customer.email).first().waitFor();
  await other.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'Log in' }).waitFor();
  expect(await page.content()).not.toContain(customer.email);
});

test('G10 The ticket is there within five seconds though the browser’s database never answers', async () => {
  const show = await findShow();
  const { customer, booking } = await bought(show);
  const { page, context } = await there.visit('phone');
  await context.addInitScript(() => {
    IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
  });
  await logIn(page, customer);
  const start = Date.now();
  await page.goto('/tickets/' + booking.id);
  await qr(page).waitFor({ timeout: 5000 });
  expect(Date.now() - start).toBeLessThan(5000);
});

test('G10 The code is black on white at most of the width, also at night', async () => {
  const show = await findShow();
  const { customer, booking } = await bought(show);
  const { page } = await there.visit('phone', { colorScheme: 'dark' });
  await logIn(page, customer);
  await page.goto('/tickets/' + booking.id);
  await qr(page).waitFor();
  const { width, colors } = await qr(page).evaluate(async (image: HTMLImageElement) => {
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const seen = new Set<string>();
    for (let i = 0; i < pixels.length; i += 4) seen.add([...pixels.slice(i, i + 4)].join());
    const style = getComputedStyle(image);
    return { width: image.getBoundingClientRect().width, colors: [...seen, style.filter, style.mixBlendMode, style.opacity] };
  });
  expect(width).toBeGreaterThanOrEqual(390 * 0.6);
  expect(colors.sort()).toEqual(['0,0,0,255', '1', '255,255,255,255', 'none', 'normal']);
});

test('G13 A viewer in Tokyo sees London time everywhere', async () => {
  const show = await findShow({ city: 'london' });
  const { customer, booking } = await bought(show);
  const { page } = await there.visit('desktop', { timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: 'numeric', minute: '2-digit' }).format(new Date(show.startsAt));
  // Browsers write the morning with a zero or without one.
  const time = new RegExp('(?<!\\d)0?' + clock);
  const shown = (text: string | null) => (text ?? '').replaceAll(/[\u202f\u00a0]/g, ' ');

  await page.goto(`/?city=london&date=${show.date}`);
  const link = page.locator(`a[href="/shows/${show.id}"]`);
  expect(shown(await link.first().textContent()), 'home').toMatch(time);
  await page.goto(`/movies/${show.movie.slug}?date=${show.date}`);
  expect(shown(await link.first().textContent()), 'movie').toMatch(time);
  await page.goto(`/theaters/${show.theater.slug}?date=${show.date}`);
  expect(shown(await link.first().textContent()), 'theater').toMatch(time);
  await page.goto('/shows/' + show.id);
  await seat(page, show.free[0]!).waitFor();
  await until('seats', async () => shown(await page.locator('header').textContent()).includes(`${clock} (London time)`));

  await logIn(page, customer);
  await page.goto('/bookings/' + booking.id);
  await page.getByText('The seat is yours').waitFor();
  expect(shown(await page.locator('main').textContent()), 'booking').toMatch(time);
  expect(shown(await page.locator('main').textContent()), 'booking').toContain('(London time)');
  await page.goto('/tickets/' + booking.id);
  await qr(page).waitFor();
  expect(shown(await page.locator('main').innerText()), 'ticket').toMatch(time);
  expect(shown(await page.locator('main').innerText()), 'ticket').toContain('(London time)');

  const calendar = await (await fetch(`${base}/v1/bookings/${booking.id}/ticket.ics`, { headers: { Authorization: 'Bearer ' + customer.token } })).text();
  const local = new Date(show.startsAt).toLocaleString('sv-SE', { timeZone: 'Europe/London' }).replaceAll(/[-:]/g, '').replace(' ', 'T');
  const utc = show.startsAt.replaceAll(/[-:]|\.\d+/g, '');
  expect([`DTSTART;TZID=Europe/London:${local}`, `DTSTART:${utc}`], 'calendar').toContain(/^DTSTART.*$/m.exec(calendar)?.[0].trim());
});
