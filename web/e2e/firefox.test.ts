import { existsSync } from 'node:fs';

import { launch, type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

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
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && page.url().startsWith(base)) complaints.push(message.text());
    });
  });
  afterAll(() => browser?.close());

  const press = (name: string) => page.locator(`::-p-aria([name="${name}"])`).click();

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

  test('from a show to the ticket', async () => {
    const asha = await signUp();
    const show = await findShow();
    await page.goto(base + '/shows/' + show.id);
    await press('Best 2 together');
    await page.locator('aside .go').click();
    await page.locator('#field-email').fill(asha.email);
    await page.locator('#field-password').fill(asha.password);
    await page.locator('form .go').click();
    await page.waitForSelector('.hall');
    await page.locator('aside .go').click();
    await page.locator('button.way small').click();
    await page.waitForFunction((origin) => location.origin !== origin, {}, base);
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
});
