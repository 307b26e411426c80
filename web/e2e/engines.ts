/** Scenarios that each engine plays in its own way: what a tab must be able to do, and what happens in it. */
import { expect } from 'vitest';

import { base, booking, bookings, findShow, hold, signUp, until, type Customer, type Schemas } from './platform';
import { patiently } from './webkit';
import { cards } from './world';

/** A tab of some browser. Scripts run in its page and know nothing of this file. */
export interface Tab {
  open(address: string): Promise<unknown>;
  run<A extends unknown[], T>(script: (...args: A) => T | Promise<T>, ...args: A): Promise<T>;
  click(selector: string): Promise<unknown>;
  fill(selector: string, text: string): Promise<unknown>;
  /** Presses Enter where the focus is. */
  enter(): Promise<unknown>;
  /** Goes back as the browser's button does. */
  back(): Promise<unknown>;
  /** Hides the tab as a person does. Its page stays. */
  hide(): Promise<unknown>;
  show(): Promise<unknown>;
}

/** A phone whose clock is wrong, and can be made wrong by another time. Runs in the page. */
export function wrongClock(minutes: number): void {
  const Real = Date;
  const clock = globalThis as unknown as { ahead: number };
  clock.ahead = minutes * 60_000;
  class Wrong extends Real {
    constructor(...given: []) {
      if (given.length > 0) super(...given);
      else super(Real.now() + clock.ahead);
    }
    static now() {
      return Real.now() + clock.ahead;
    }
  }
  globalThis.Date = Wrong as DateConstructor;
}

/** Moves the page's clock. Runs in the page. */
export function moveClock(seconds: number): void {
  (globalThis as unknown as { ahead: number }).ahead += seconds * 1000;
}

/** Waits until something is so in the page; else says what the page showed. */
async function sees(tab: Tab, what: string, work: () => Promise<boolean>): Promise<void> {
  try {
    await patiently(work, what);
  } catch (failure) {
    const page = await tab.run(() => `${location.href}: ${document.body.innerText.slice(0, 300)}`).catch(String);
    throw new Error(`${String(failure)}; the page is ${page}`, { cause: failure });
  }
}

/** Logs in without the form, at a page of the app. */
export async function logInAt(tab: Tab, customer: Customer): Promise<void> {
  await tab.open(base + '/about');
  const { id, email, password } = customer;
  await tab.run((account, credentials) => {
    localStorage.setItem('boxoffice.account', account); // the app's mark that there is a session
    const page = window as unknown as { session?: number };
    void fetch('/v1/browser-sessions', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: credentials }).then((answer) => (page.session = answer.status));
  }, id, JSON.stringify({ email, password }));
  await sees(tab, 'the session', () => tab.run(() => Math.floor(((window as unknown as { session?: number }).session ?? 0) / 100) === 2));
}

interface Shown {
  /** What the timer says, in seconds. */
  left: number;
  /** When it said so, by the true clock. */
  at: number;
}

/** Reads the timer. Runs in the page. */
function readTimer(): Shown {
  const [minutes, seconds] = (document.querySelector('[role=timer]')!.textContent ?? '').split(':').map(Number);
  return { left: minutes! * 60 + seconds!, at: performance.timeOrigin + performance.now() };
}

/** How far the timer is from the truth, in seconds. */
const wrongBy = (shown: Shown, held: Schemas['Booking']) => Math.abs(shown.left - (Date.parse(held.hold_expires_at) - shown.at) / 1000);

/** Reads the timer one second after the page is shown again. Runs in the page. */
function readWhenShown(): void {
  const page = window as unknown as { shown?: Shown };
  const seen = () => {
    if (document.visibilityState !== 'visible') return;
    document.removeEventListener('visibilitychange', seen);
    setTimeout(() => {
      const [minutes, seconds] = (document.querySelector('[role=timer]')!.textContent ?? '').split(':').map(Number);
      page.shown = { left: minutes! * 60 + seconds!, at: performance.timeOrigin + performance.now() };
    }, 1000);
  };
  document.addEventListener('visibilitychange', seen);
}

const second = 2; // seconds the timer may be off: it and the clock of answers have whole ones

/**
 * G4: the time that is left is the server's, on a phone whose clock is wrong, and after the page
 * was hidden and nine minutes passed for the phone alone. In the last minute Enter gives more time.
 */
export async function timerTruth(tab: Tab, openWrong: (address: string, minutes: number) => Promise<unknown>): Promise<void> {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const period = (Date.parse(held.hold_expires_at) - Date.parse(held.created_at)) / 1000;
  await logInAt(tab, asha);
  await openWrong(base + '/bookings/' + held.id, -37);
  await sees(tab, 'the right time', async () => wrongBy(await tab.run(readTimer), held) <= second);
  const behind = await tab.run(() => (Date.now() - performance.timeOrigin - performance.now()) / 60_000);
  expect(Math.round(behind), 'the phone’s clock is wrong').toBe(-37);

  await tab.run(readWhenShown);
  await tab.hide();
  await sees(tab, 'the page to be hidden', () => tab.run(() => document.visibilityState === 'hidden'));
  await tab.run(moveClock, 9 * 60);
  await tab.show();
  await sees(tab, 'the page to be shown', () => tab.run(() => (window as unknown as { shown?: Shown }).shown !== undefined));
  const shown = await tab.run(() => (window as unknown as { shown: Shown }).shown);
  expect(wrongBy(shown, held), 'seconds off, a second after the page is shown').toBeLessThanOrEqual(second);

  // In the first seconds a period has just begun, and there is nothing to extend.
  const left = (b: Schemas['Booking']) => (Date.parse(b.hold_expires_at) - Date.now()) / 1000;
  await until(() => booking(asha, held.id), (b) => left(b) < period - 21, 30);
  await tab.run(moveClock, left(held) - 60);
  await sees(tab, 'the button for more time', () => tab.run(() => {
    const more = document.querySelector<HTMLElement>('.more button');
    more?.focus();
    return more !== null && document.activeElement === more;
  }));
  await tab.enter();
  const extended = await until(() => booking(asha, held.id), (b) => b.timeline.some((e) => e.event === 'hold_extended'));
  expect(left(extended), 'a full period').toBeGreaterThan(period - 10);
  await sees(tab, 'the full period', async () => wrongBy(await tab.run(readTimer), extended) <= second);
  await sees(tab, 'the focus where the time is', () => tab.run(() => document.activeElement?.querySelector('[role=timer]') !== null));
}

interface Left {
  /** When the page came back as it was left. */
  restored?: number;
}

/**
 * G5: Back from the provider's page finds the booking level with the server, and paying goes on with
 * the same payment. A browser that keeps pages shows the very one that was left (bfcache).
 */
export async function backFromTheProvider(tab: Tab, { keepsPages }: { keepsPages: boolean }): Promise<void> {
  const asha = await signUp();
  const show = await findShow();
  const held = await hold(asha, show.id, [show.free[0]!]);
  await logInAt(tab, asha);
  await tab.open(base + '/bookings/' + held.id);
  const pay = 'button.way';
  const checkout = async () => {
    let path = '';
    await sees(tab, 'the provider’s page', async () => {
      path = await tab.run(() => location.pathname);
      return path.includes('/checkout/');
    });
    return path;
  };
  await sees(tab, 'the button', () => tab.run(() => document.querySelector('button.way') !== null));
  await tab.run(() => addEventListener('pageshow', (event) => {
    if (event.persisted) (window as unknown as Left).restored = event.timeStamp;
  }));
  await tab.click(pay);
  const first = await checkout();

  await tab.back();
  await sees(tab, 'the booking', () => tab.run((path) => location.pathname === path && document.querySelector('button.way') !== null, '/bookings/' + held.id));
  if (keepsPages) await sees(tab, 'the page as it was left: bfcache', () => tab.run(() => (window as unknown as Left).restored !== undefined));
  const reads = () => tab.run((path) => {
    const since = (window as unknown as Left).restored ?? 0;
    return performance.getEntriesByType('resource').filter((r) => r.name.endsWith(path) && r.startTime >= since).length;
  }, '/v1/bookings/' + held.id);
  await sees(tab, 'the booking to be fetched again', async () => (await reads()) > 0);
  await sees(tab, 'a button that can be pressed', () => tab.run(() => document.querySelector('button.way')!.getAttribute('aria-disabled') !== 'true'));
  await tab.click(pay);
  expect(await checkout(), 'the same payment').toBe(first);
  await tab.fill('input[name*="number"]', cards.pays);
  await tab.click('form button');
  await sees(tab, 'the ticket', () => tab.run(() => document.querySelector('a.go[href^="/tickets/"]') !== null));
  expect((await bookings(asha)).items).toHaveLength(1);
}
