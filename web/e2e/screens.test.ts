import { mkdirSync, readFileSync } from 'node:fs';

import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';

import { screens, things, type Screen, type Things } from './screens';
import { logIn, screens as folder, stage, type Kind } from './world';

const there = stage();
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

let all: Things;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  all = await things();
});

interface Look {
  kind: Kind;
  colorScheme?: 'light' | 'dark';
  locale?: string;
}

/** Opens screens one after the other, takes their pictures, and gives what axe-core finds. */
async function walk(wanted: Screen[], look: Look): Promise<string[]> {
  const { page, allow } = await there.visit(look.kind, { colorScheme: look.colorScheme ?? 'light', reducedMotion: 'reduce', ...(look.locale ? { locale: look.locale } : {}) });
  allow(/status of 404/, 'a show that does not exist is asked for');
  const found: string[] = [];
  let member = false;
  for (const screen of wanted) {
    if (screen.member && !member) await logIn(page, all.customer);
    member ||= screen.member;
    await screen.open(page, all);
    await page.evaluate(() => document.fonts.ready);
    const language = look.locale ? '-' + look.locale.split('-')[0] : '';
    const file = `${screen.name}-${look.kind === 'phone' ? 390 : 1440}-${look.colorScheme ?? 'light'}${language}.png`;
    await page.screenshot({ path: folder + file, fullPage: screen.whole ?? false });
    found.push(...(await violations(page)).map((v) => `${screen.name}: ${v}`), ...(await page.evaluate(misplaced)).map((v) => `${screen.name}: ${v}`));
  }
  return found;
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async (values) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { runOnly: { type: 'tag', values } });
    return violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => `${v.id}: ${n.target.join(' ')} (${n.failureSummary?.replaceAll(/\s+/g, ' ')})`));
  }, rules);
}

/** What stands where it should not. Runs in the page. */
function misplaced(): string[] {
  const out: string[] = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) out.push(`the page is ${scrollWidth} px wide in a window of ${clientWidth} px`);

  const overlap = (a: DOMRect, b: DOMRect) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const menu = [...document.querySelectorAll('#app > nav a')].map((link) => link.getBoundingClientRect());
  const wide = matchMedia('(min-width: 1000px)').matches; // on a phone the page goes on below the menu
  for (const part of document.querySelectorAll('h1, header nav a')) {
    // Days that are scrolled out of their row are not seen.
    const [box, row] = [part.getBoundingClientRect(), part.closest('header nav')?.getBoundingClientRect()];
    const left = Math.max(box.left, row?.left ?? box.left);
    const seen = new DOMRect(left, box.top, Math.max(0, Math.min(box.right, row?.right ?? box.right) - left), box.height);
    if (wide && seen.width > 0 && menu.some((link) => overlap(link, seen))) out.push(`the menu lies on ${part.textContent!.trim()}`);
  }
  for (const line of document.querySelectorAll('figure svg text')) {
    const [text, picture] = [line.getBoundingClientRect(), line.closest('figure')!.getBoundingClientRect()];
    if (text.width > 0 && (text.left < picture.left - 1 || text.right > picture.right + 1)) out.push(`the poster's title runs out of the picture: ${line.textContent}`);
    if (line.closest('.films') && (picture.left < 4 || picture.right > clientWidth - 4)) out.push(`a poster touches the edge: ${line.textContent}`);
  }
  return out;
}

for (const kind of ['phone', 'desktop'] as const) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`Every screen on a ${kind}, ${colorScheme}: axe-core finds nothing`, { timeout: 240_000 }, async () => {
      expect(await walk(screens, { kind, colorScheme })).toEqual([]);
    });
  }
}

const named = (...names: string[]) => screens.filter((s) => names.includes(s.name));

for (const kind of ['phone', 'desktop'] as const) {
  test(`Arabic and Hindi on a ${kind}: axe-core finds nothing`, { timeout: 120_000 }, async () => {
    expect(await walk(named('home', 'home-suggestions', 'home-not-for-me', 'seats', 'guest', 'guest-code', 'pay', 'ticket', 'account', 'account-messages', 'account-tastes', 'account-region'), { kind, locale: 'ar' })).toEqual([]);
    expect(await walk(named('home'), { kind, locale: 'hi-IN' })).toEqual([]);
  });
}
