import { existsSync } from 'node:fs';

import { launch, type Browser, type HTTPResponse, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { base, findShow, hold, pay, sandbox, signUp, until, type Customer } from './platform';

// A real Firefox has its messages from the sandbox's push service: they are encrypted,
// signed and decrypted as everywhere, and its own service worker shows them.
const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const here = existsSync(firefox);
if (!here) console.warn(`!! Messages in Firefox were not tested: there is none at ${firefox}`);

const settings = {
  'dom.push.serverURL': sandbox.replace(/^http/, 'ws') + '/push/socket',
  'dom.push.testing.allowInsecureServerURL': true,
  'dom.push.connection.enabled': true,
  'permissions.default.desktop-notification': 1, // granted: nobody is there to be asked
  'alerts.useSystemBackend': false,
};

interface Shown {
  title: string;
  body: string;
  lang: string;
  dir: string;
  icon: string;
  navigate: string;
}

describe.skipIf(!here)('Messages in Firefox', () => {
  let browser: Browser;
  let page: Page;
  let asha: Customer;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launch({ browser: 'firefox', executablePath: firefox, headless: true, extraPrefsFirefox: settings });
    page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 900 });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    asha = await signUp();
  });
  afterAll(() => browser?.close());

  /** What the app does, and the platform's answers when it then gives its subscription: 201 for a new one, 204 for a known one. */
  async function registers(act: () => Promise<unknown>, enough: (answers: number[]) => boolean = ({ length }) => length === 1): Promise<number[]> {
    const answers: number[] = [];
    const listen = (answer: HTTPResponse) => {
      if (answer.url() === base + '/v1/me/push-subscriptions' && answer.request().method() === 'PUT') answers.push(answer.status());
    };
    page.on('response', listen);
    await act();
    await until(async () => answers, enough).finally(() => page.off('response', listen));
    return answers;
  }

  const endpoint = () =>
    page.evaluate(async () => (await (await navigator.serviceWorker.ready).pushManager.getSubscription())?.endpoint);

  const shown = (): Promise<Shown[]> =>
    page.evaluate(async () => {
      const all = await (await navigator.serviceWorker.ready).getNotifications();
      return all.map(({ title, body, lang, dir, icon, data }) => ({ title, body, lang, dir, icon, navigate: (data as { navigate: string }).navigate }));
    });

  /** Buys a ticket, and waits until Firefox shows the message about it. */
  async function buy(): Promise<{ title: string; message: Shown }> {
    const show = await findShow();
    const { id } = await pay(asha, await hold(asha, show.id, show.free.slice(0, 1)));
    const ours = ({ navigate }: Shown) => new URL(navigate).pathname === '/bookings/' + id;
    const message = (await until(shown, (all) => all.some(ours), 30)).find(ours)!;
    return { title: show.movie.title, message };
  }

  test('a customer turns them on, and the next ticket is announced', async () => {
    await page.goto(base + '/login?next=/account/messages');
    await page.locator('input[name=email]').fill(asha.email);
    await page.locator('input[name=password]').fill(asha.password);
    await page.locator('form .go').click();
    expect(await registers(() => page.locator('::-p-aria([name="Show messages on this device"])').click())).toEqual([201]);
    await page.waitForSelector('::-p-aria([name="Stop messages on this device"])');
    expect((await endpoint())?.startsWith(sandbox + '/push/')).toBe(true);

    const { title, message } = await buy();
    expect(message.title).toBe('Booked: ' + title);
    expect(message.body).toMatch(/^\w{3} \d+ \w{3} \d\d:\d\d IST, .+\. Seats \w+\.$/);
    expect([message.lang, message.dir]).toEqual(['en', 'ltr']);
    expect(new URL(message.icon).pathname).toBe('/icon-192.png');
    expect(complaints).toEqual([]);
  });

  test('they are in the language of the app', async () => {
    // Without a load of the page: that would register, too. A narrow window hides the list.
    await page.$eval('a[href="/account/region"]', (link) => link.click());
    await page.waitForSelector('#language');
    expect(await registers(() => page.select('#language', 'ar'))).toEqual([204]);
    const { title, message } = await buy();
    expect(message.title).toBe('تم الحجز: \u2068' + title + '\u2069');
    expect(message.body).toMatch(/المقاعد: \u2068\w+\u2069\.$/);
    expect([message.lang, message.dir]).toEqual(['ar', 'rtl']);
    expect(complaints).toEqual([]);
  });

  test('a subscription that the push service has lost is made again at the next start', async () => {
    const lost = (await endpoint())!;
    const gone = await fetch(lost.replace('/push/', '/push/subscriptions/'), { method: 'DELETE' });
    expect(gone.status).toBe(204);
    const show = await findShow();
    await pay(asha, await hold(asha, show.id, show.free.slice(0, 1)));
    // Until the message to the lost one was answered 410, the platform takes it as before.
    const start = () => registers(() => page.reload(), (answers) => answers[0] === 204 || answers.length === 2);
    expect(await until(start, (answers) => answers[0] === 201, 40)).toEqual([201, 201]);
    expect(await endpoint()).not.toBe(lost);
    const { title, message } = await buy();
    expect(message.title).toContain(title);
    expect(complaints).toEqual([]);
  });
});
