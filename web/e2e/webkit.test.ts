import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { backFromTheProvider, timerTruth, wrongClock, type Tab } from './engines';
import { bank, base, findShow, hold, pay, signUp } from './platform';
import { patiently, WebKit, webkit } from './webkit';
import { cards } from './world';

if (!webkit) console.warn('!! WebKit was not tested: webkit2gtk-driver and xvfb are not here');

describe.skipIf(!webkit)('WebKit', () => {
  let browser: WebKit;

  beforeAll(async () => {
    browser = await WebKit.start();
  });
  afterAll(() => browser?.stop());

  test('G6 The return address opens the ticket for somebody who is not logged in', async () => {
    const asha = await signUp();
    const show = await findShow();
    const held = await hold(asha, show.id, [show.free[0]!]);
    await pay(asha, held);
    await browser.open(bank(held.payment!.return_url!));
    await browser.click('a.go[href^="/tickets/"]');
    await browser.wait('img[width="300"]');
    expect(await browser.address()).toBe(`${base}/tickets/${held.id}`);
    expect(await browser.run<string | null>("return localStorage.getItem('boxoffice.account')")).toBeNull();
  });

  test('from a show to the ticket', async () => {
    const asha = await signUp();
    const show = await findShow();
    await browser.open(base + '/shows/' + show.id);
    await browser.wait('[data-seat]');
    await browser.click('.ways .way');
    await browser.click('aside .go');
    await browser.click('main a[href^="/login?next="]');
    await browser.wait('input[name=password]');
    await browser.fill('input[name=email]', asha.email);
    await browser.fill('input[name=password]', asha.password);
    await browser.click('form .go');
    await browser.wait('.hall');
    await browser.click('aside .go');
    await browser.wait('button.way small');
    await browser.click('button.way');
    await browser.fill('input[name*="number"]', cards.pays);
    await browser.click('form button');
    await browser.click('a.go[href^="/tickets/"]');
    await browser.wait('img[width="300"]');
    expect((await browser.text('.big dd')).trim().split(/\s+/)).toHaveLength(2);
  });

  test('F1 Amounts in Arabic have the digits that other browsers show', async () => {
    const show = await findShow();
    await browser.run("localStorage.setItem('boxoffice.language', 'ar')");
    await browser.open(base + '/shows/' + show.id);
    let name = '';
    await patiently(async () => {
      name = await browser.run<string>("return document.querySelector('[data-seat]')?.getAttribute('aria-label') ?? ''");
      return /[\u0600-\u06ff]/.test(name);
    }, 'the map in Arabic');
    expect(name).toMatch(/[0-9]/);
    expect(name).not.toMatch(/[\u0660-\u0669]/);
    await browser.run("localStorage.removeItem('boxoffice.language')");
  });

  /** The browser's one tab, of somebody who is not logged in. */
  async function visit(): Promise<Tab> {
    await browser.open(base + '/about');
    await browser.run('localStorage.clear()');
    return {
      open: (address) => browser.open(address),
      run: (script, ...args) => browser.call(script, ...args),
      click: (selector) => browser.click(selector),
      fill: (selector, text) => browser.fill(selector, text),
      enter: () => browser.enter(),
      back: () => browser.back(),
      hide: () => browser.hide(),
      show: () => browser.show(),
    };
  }

  test('G4 The time that is left is the server’s after the window was hidden, and more time comes by the keyboard', { timeout: 120_000 }, async () => {
    const tab = await visit();
    await timerTruth(tab, async (address, minutes) => {
      await tab.open(base + '/about'); // the app looks once, when it begins, whether somebody is logged in
      // Plain WebDriver has no script that runs before the page's. So the clock goes wrong while the
      // app runs, and the app gets to the booking by a link.
      await tab.run(wrongClock, minutes);
      await tab.run((path) => {
        const link = Object.assign(document.createElement('a'), { href: path });
        document.body.append(link);
        link.click();
      }, new URL(address).pathname);
    });
  });

  test('G5 Back from the provider finds a page that goes on with the same payment', { timeout: 120_000 }, async () => {
    await backFromTheProvider(await visit(), { keepsPages: false });
  });
});
