import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { booking, findShow, signUp, until as answers, type Schemas } from './platform';
import { logIn, said, seat, stage, until } from './world';

// More time is given 20 seconds after the last time, or when half of a shorter hold is used: with
// short holds the test takes one minute, not four. One more API server of the same platform has
// such holds; `boxoffice-dev with` gives it its settings.
const program = fileURLToPath(new URL('../../.boxoffice/bin/boxoffice', import.meta.url));
const here = process.env.DATABASE_URL !== undefined && existsSync(program);
if (!here) console.warn('!! Ten times more time was not tested: that needs the settings of `make web-e2e`');

const period = 20; // seconds
const times = 10; // HOLD_EXTENSIONS, and WCAG 2.2.1

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

const extensions = (of: Schemas['Booking']) => of.timeline.filter((e) => e.event === 'hold_extended').length;
const left = (of: Schemas['Booking']) => (Date.parse(of.hold_expires_at) - Date.now()) / 1000;

describe.skipIf(!here)('Holds of a few seconds', () => {
  const there = stage();
  let api: ChildProcess;
  let address: string;

  beforeAll(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    api = spawn(program, ['api'], {
      env: { ...process.env, API_ADDR: `127.0.0.1:${port}`, PUBLIC_URL: address, HOLD_FOR: period + 's', HOLD_EXTENSIONS: String(times), LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await answers(() => fetch(address + '/v1/cities').then((r) => r.ok, () => false), (ok) => ok, 60);
  });
  afterAll(async () => {
    const ended = new Promise((done) => api.once('exit', done));
    api.kill('SIGINT');
    await ended;
  });

  /** Keeps a seat by the page, and gives the booking's id. */
  async function keep(page: Page, show: string, id: string): Promise<string> {
    await page.goto('/shows/' + show);
    await seat(page, id).click();
    await page.getByRole('button', { name: 'Keep ' + id }).click();
    await page.waitForURL(/\/bookings\//);
    await page.getByRole('timer').waitFor();
    return new URL(page.url()).pathname.split('/').pop()!;
  }

  test('G4 More time ten times by the keyboard, each a full period, and the eleventh says why not', { timeout: 240_000 }, async () => {
    const asha = await signUp();
    const show = await findShow();
    const { page, allow } = await there.visit('desktop', { baseURL: address });
    allow(/status of 409/, 'the eleventh is refused');
    await logIn(page, asha);
    const id = await keep(page, show.id, show.free[0]!);
    const more = page.getByRole('button', { name: 'Give me more time' });
    const halfUsed = () => answers(() => booking(asha, id), (b) => left(b) < period / 2);

    for (let n = 1; n <= times; n++) {
      await halfUsed();
      await more.focus();
      await page.keyboard.press(n % 2 ? 'Enter' : 'Space');
      const extended = await answers(() => booking(asha, id), (b) => extensions(b) === n);
      expect(left(extended), `a full period, time ${n}`).toBeGreaterThan(period - 3);
      await until(`the focus is where the time is, time ${n}`, () => page.evaluate(() => document.activeElement?.querySelector('[role=timer]') !== null));
      await until(`it is said, time ${n}`, async () => (await said(page)).startsWith('Your seats are yours until'));
    }

    await halfUsed();
    await more.focus();
    await page.keyboard.press('Enter');
    const refusal = 'The time was extended as often as the theater allows. Please pay before it ends.';
    await page.getByText(refusal).first().waitFor();
    await until('it is said', async () => (await said(page)) === refusal);
    const refused = await booking(asha, id);
    expect(extensions(refused)).toBe(times);
    expect(refused.status, 'the seats are still kept').toBe('held');
    expect(await more.evaluate((button) => button === document.activeElement), 'the focus stays').toBe(true);
  });
});
