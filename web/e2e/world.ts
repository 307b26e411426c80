/** A browser with people in front of it: phones and desktops, what they see, and what the browser complains of. */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type CDPSession, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, type TestContext } from 'vitest';

import { base, type Customer } from './platform';

export const screens = fileURLToPath(new URL('../../.boxoffice/screens/', import.meta.url));

const kinds = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  desktop: { viewport: { width: 1440, height: 900 } },
} satisfies Record<string, BrowserContextOptions>;
export type Kind = keyof typeof kinds;

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Takes a complaint of the browser as expected; every other one fails the test. */
  allow(complaint: RegExp, reason: string): void;
}

interface Stage {
  /** Whether the browser keeps pages that were left as they were, for Back. Playwright's way to go back wants `waitUntil: 'commit'` then. */
  keepsPages?: boolean;
}

/** A test file's browser. Each visit has a context of its own, and ends with its test. */
export function stage({ keepsPages = false }: Stage = {}): { visit(kind: Kind, options?: BrowserContextOptions): Promise<Visit> } {
  let browser: Browser | undefined;
  let visits: { visit: Visit; complaints: string[]; allowed: { complaint: RegExp; reason: string }[] }[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      // Root has no sandbox; in a container /dev/shm is small.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
      ...(keepsPages ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
    });
  });
  afterEach(async (test: TestContext) => {
    const ended = visits;
    visits = [];
    if (test.task.result?.state === 'fail') await keepPictures(test.task.name, ended.map((v) => v.visit));
    await Promise.all(ended.map(({ visit }) => visit.context.close()));
    for (const { complaints, allowed } of ended) {
      expect(complaints.filter((c) => !allowed.some((a) => a.complaint.test(c))), 'complaints of the browser').toEqual([]);
    }
  });
  afterAll(() => browser?.close());

  return {
    async visit(kind, options = {}) {
      const context = await browser!.newContext({ baseURL: base, locale: 'en-IN', timezoneId: 'Asia/Kolkata', ...kinds[kind], ...options });
      context.setDefaultTimeout(15_000);
      const complaints: string[] = [];
      const allowed: { complaint: RegExp; reason: string }[] = [];
      context.on('page', (page) => listen(page, complaints));
      const page = await context.newPage();
      const visit: Visit = { page, context, allow: (complaint, reason) => allowed.push({ complaint, reason }) };
      visits.push({ visit, complaints, allowed });
      return visit;
    },
  };
}

/** Collects errors of pages of the app; the provider's page is somebody else's. */
function listen(page: Page, complaints: string[]): void {
  const ours = () => page.url().startsWith(base) || page.url() === 'about:blank';
  page.on('console', (message) => {
    // Chromium reports violations of the Content-Security-Policy as errors here, too.
    if (message.type() === 'error' && ours()) complaints.push(`${message.text()} [${message.location().url.replace(base, '')}]`);
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)));
}

async function keepPictures(name: string, visits: Visit[]): Promise<void> {
  const into = screens + 'failed/';
  if (!existsSync(into)) mkdirSync(into, { recursive: true });
  for (const [i, { page }] of visits.entries()) {
    const file = into + name.replaceAll(/[^\w]+/g, '-').slice(0, 80) + (i ? '-' + i : '') + '.png';
    await page.screenshot({ path: file, timeout: 5000 }).catch(() => {});
  }
}

/** Logs in without the form. The page is on the app afterwards. */
export async function logIn(page: Page, customer: Customer): Promise<void> {
  await page.goto('/about');
  await page.evaluate(async ({ id, email, password }) => {
    const answer = await fetch('/v1/browser-sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email, password }) });
    if (!answer.ok) throw new Error('log in: ' + answer.status);
    localStorage.setItem('boxoffice.account', id); // the app's mark that there is a session
  }, customer);
}

/** A phone's own authenticator, whose owner is verified at once (Chromium's WebAuthn domain, experimental). */
export async function authenticator(page: Page, more: Record<string, unknown> = {}): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = (await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, ...more },
  })) as { authenticatorId: string };
  return { cdp, authenticatorId };
}

export const cards = { pays: '4242 4242 4242 4242', declined: '4000 0000 0000 0002' };

/** Pays on the provider's page, which is open. */
export async function payWith(page: Page, card: string, press: (button: Locator) => Promise<void> = (button) => button.click()): Promise<void> {
  await page.waitForURL(/\/checkout\//);
  await page.getByLabel('Card number').fill(card);
  await press(page.getByRole('button', { name: /^Pay/ }));
}

/** A seat on the map. */
export function seat(page: Page, id: string): Locator {
  return page.locator(`[data-seat="${id}"]`);
}

/** Waits until all rows of the map are drawn: they come a few at a time. */
export function wholeMap(page: Page): Promise<void> {
  return page.locator('.rows[aria-busy=false]').waitFor();
}

/** Waits until something is so. */
export function until(what: string, read: () => unknown, timeout = 10_000): Promise<void> {
  return expect.poll(read, { message: what, timeout, interval: 50 }).toBeTruthy() as unknown as Promise<void>;
}

/** Waits until the service worker has the app, so that it starts without a network. */
export async function readyOffline(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
  });
}

/** What the one live region says. */
export async function said(page: Page): Promise<string> {
  return ((await page.locator('main + [aria-live]').textContent()) ?? '').trim();
}
