import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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
    await browser.fill('#field-email', asha.email);
    await browser.fill('#field-password', asha.password);
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
});
