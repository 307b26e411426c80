import { existsSync } from 'node:fs';

import { launch, type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { backFromTheProvider, timerTruth, wrongClock, type Tab } from './engines';
import { bank, base, findShow, hold, pay, signUp } from './platform';
import { cards } from './world';

// Playwright drives only a Firefox of its own; this is the system's, by WebDriver BiDi.
const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const here = existsSync(firefox);
if (!here) console.warn(`!! Firefox was not tested: there is none at ${firefox}`);

describe.skipIf(!here)('Firefox', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launch({ browser: 'firefox', executablePath: firefox, headless: true });
    page = await browser.newPage();
    await page.setViewport({ width: 390, height: 844 });
    listen(page);
  });
  afterAll(() => browser?.close());

  function listen(tab: Page): void {
    tab.on('pageerror', (error) => complaints.push(String(error)));
    tab.on('console', (message) => {
      if (message.type() === 'error' && tab.url().startsWith(base)) complaints.push(message.text());
    });
  }

  const press = (name: string) => page.locator(`::-p-aria([name="${name}"])`).click();

  /** Presses until what follows is there, as people do: this driver loses a press once in a while. */
  async function onward(button: string, there: () => Promise<unknown>): Promise<void> {
    let failure: unknown;
    for (let attempt = 0; attempt < 4; attempt++) {
      // The press before may have been slow only: then the button is gone, and what follows is there.
      await page.locator(button).setTimeout(15_000).click().catch((error: unknown) => (failure = error));
      if (await there().then(() => true, (error: unknown) => ((failure = error), false))) return;
    }
    const text = await page.evaluate(() => document.body.innerText.slice(0, 500));
    throw new Error(`nothing follows ${button} on ${page.url()}: ${text}`, { cause: failure });
  }

  const appears = (selector: string) => () => page.waitForSelector(selector, { timeout: 10_000 });
  const otherSite = () => page.waitForFunction((origin) => location.origin !== origin, { timeout: 10_000 }, base);

  test('G6 The return address opens the ticket for somebody who is not logged in', async () => {
    const asha = await signUp();
    const show = await findShow();
    const held = await hold(asha, show.id, [show.free[0]!]);
    await pay(asha, held);
    await page.goto(bank(held.payment!.return_url!)).catch(() => {}); // it leaves at once
    await page.locator('a.go[href^="/tickets/"]').setTimeout(30_000).click();
    await page.waitForSelector('img[width="300"]');
    expect(page.url()).toBe(`${base}/tickets/${held.id}`);
    expect(complaints).toEqual([]);
  });

  test('from a show to the ticket', { timeout: 120_000 }, async () => {
    const asha = await signUp();
    const show = await findShow();
    await page.goto(base + '/shows/' + show.id);
    await press('Best 2 together');
    await onward('aside .go', appears('main a[href^="/login?next="]'));
    await onward('main a[href^="/login?next="]', appears('input[name=password]'));
    await page.locator('input[name=email]').fill(asha.email);
    await page.locator('input[name=password]').fill(asha.password);
    await onward('form .go', appears('.hall'));
    await onward('aside .go', appears('button.way'));
    await onward('button.way:not([aria-disabled="true"])', otherSite);
    await page.locator('input[name*="number"]').fill(cards.pays);
    await page.locator('button[type="submit"], form button').click();
    await page.locator('a.go[href^="/tickets/"]').setTimeout(30_000).click();
    await page.waitForSelector('img[width="300"]');
    expect(await page.$eval('.big dd', (seats) => seats.textContent?.trim().split(/\s+/).length)).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('F1 Amounts in Arabic have the digits that other browsers show', async () => {
    const show = await findShow();
    await page.evaluate(() => localStorage.setItem('boxoffice.language', 'ar'));
    await page.goto(base + '/shows/' + show.id);
    const name = await page.waitForSelector('[data-seat]').then((seat) => seat!.evaluate((node) => node.getAttribute('aria-label')));
    expect(name).toMatch(/[0-9]/);
    expect(name).not.toMatch(/[\u0660-\u0669]/);
    await page.evaluate(() => localStorage.removeItem('boxoffice.language'));
  });

  /** A tab of somebody else. Another tab before it hides it for real. */
  async function visit(): Promise<{ tab: Tab; page: Page }> {
    const context = await browser.createBrowserContext();
    const own = await context.newPage();
    listen(own);
    const tab: Tab = {
      open: (address) => own.goto(address),
      run: (script, ...args) => own.evaluate(script as never, ...(args as never)),
      click: (selector) => own.locator(selector).click(),
      fill: (selector, text) => own.locator(selector).fill(text),
      enter: () => own.keyboard.press('Enter'),
      back: () => own.evaluate(() => void setTimeout(() => history.back())),
      hide: async () => (await context.newPage()).bringToFront(),
      show: () => own.bringToFront(),
    };
    return { tab, page: own };
  }

  test('G4 The time that is left is the server’s after the tab was hidden, and more time comes by the keyboard', { timeout: 120_000 }, async () => {
    const { tab, page: own } = await visit();
    await timerTruth(tab, async (address, minutes) => {
      await own.evaluateOnNewDocument(wrongClock, minutes);
      await tab.open(address);
    });
    expect(complaints).toEqual([]);
  });

  // Firefox keeps pages under this driver, too, but none that reads a stream when it is left, as the
  // booking does when the provider answers at once. So it may load the page again.
  test('G5 Back from the provider finds a page that goes on with the same payment', { timeout: 120_000 }, async () => {
    const { tab } = await visit();
    await backFromTheProvider(tab, { keepsPages: false });
    expect(complaints).toEqual([]);
  });
});
