import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { largeHall, planLargeShow, type LargeShow } from './hall';
import { hold, signUp } from './platform';
import { seat, stage, until, wholeMap, type Kind } from './world';

const there = stage();
let planned: Promise<LargeShow> | undefined;

/** Opens the large hall. All its seats are there. */
async function open(kind: Kind): Promise<{ page: Page; show: LargeShow }> {
  const show = await (planned ??= planLargeShow());
  const { page } = await there.visit(kind);
  const live = page.waitForResponse((r) => r.url().endsWith(`/shows/${show.id}/seats/stream`));
  await page.goto('/shows/' + show.id);
  await seat(page, show.rows[0]![0]!).waitFor();
  await wholeMap(page);
  expect(await page.locator('[data-seat]').count()).toBe(largeHall);
  await live;
  await settled(page);
  return { page, show };
}

/** Waits until the page has drawn what there is to draw. */
const settled = (page: Page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))));

interface Changes {
  /** What changes on the map, by node: the seat's name, or the kind of node. */
  map: string[];
  /** How many nodes change anywhere on the page. */
  nodes: Set<Node>;
}

/** Watches the page from now on. Runs in the page. */
function watch(): void {
  const changes: Changes = { map: [], nodes: new Set() };
  (window as unknown as { changes: Changes }).changes = changes;
  new MutationObserver((records) => {
    for (const { target, addedNodes, removedNodes } of records) {
      changes.nodes.add(target);
      for (const node of [...addedNodes, ...removedNodes]) changes.nodes.add(node);
      const element = target instanceof Element ? target : target.parentElement!;
      const name = element.closest<HTMLElement>('[data-seat]')?.dataset.seat ?? element.className;
      if (element.closest('.hall') && !changes.map.includes(name)) changes.map.push(name);
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
}

const changed = (page: Page) =>
  page.evaluate(() => {
    const { map, nodes } = (window as unknown as { changes: Changes }).changes;
    return { map, nodes: nodes.size };
  });
const name = async (page: Page, id: string) => (await seat(page, id).getAttribute('aria-label')) ?? '';

test('A13 A tap in a hall of 2,000 seats changes the seat, and the focus’s', async () => {
  const { page, show } = await open('phone');
  const [first, second] = [show.rows[20]![24]!, show.rows[20]![25]!];
  await seat(page, first).tap(); // a small map only comes closer
  await until('the map is close', async () => (await seat(page, first).boundingBox())!.width > 24);
  await until('a tap takes the seat', async () => {
    if (!(await name(page, first)).endsWith('yours')) await seat(page, first).tap();
    return (await name(page, first)).endsWith('yours');
  });
  await page.getByText('fees and taxes included').waitFor();
  await settled(page);

  await page.evaluate(watch);
  await seat(page, second).tap();
  await until('the tap takes the seat', async () => (await name(page, second)).endsWith('yours'));
  await settled(page);
  const made = await changed(page);
  expect(made.map.sort(), 'on the map').toEqual([first, second].sort());
  expect(made.nodes, 'nodes of the whole page, with what the seats cost').toBeLessThanOrEqual(10);
});

test('A13 The seat of somebody else in a hall of 2,000 changes that seat alone', async () => {
  const { page, show } = await open('desktop');
  const other = show.rows[30]![10]!;
  await page.evaluate(watch);
  await hold(await signUp(), show.id, [other]);
  await until('the map shows it', async () => (await name(page, other)).endsWith('held by somebody'));
  await settled(page);
  const made = await changed(page);
  expect(made.map).toEqual([other]);
  expect(made.nodes).toBeLessThan(10);
});

test('A13 Arrow keys and one tab stop reach each of 2,000 seats', async () => {
  const { page, show } = await open('desktop');
  const at = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.seat);
  await seat(page, show.rows[0]![0]!).focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'End']) await page.keyboard.press(key);
  expect(await at()).toBe(show.rows[1]!.at(-1));
  for (let row = 2; row < show.rows.length; row++) await page.keyboard.press('ArrowDown');
  expect(await at()).toBe(show.rows.at(-1)!.at(-1));
  const hidden = await page.evaluate(() => document.activeElement!.getBoundingClientRect().bottom + 4 - document.querySelector('.box')!.getBoundingClientRect().bottom);
  expect(hidden, 'pixels of the seat with its focus ring that are out of sight').toBeLessThanOrEqual(0);
  expect(await page.locator('[data-seat][tabindex="0"]').count(), 'tab stops').toBe(1);
  await page.evaluate(watch);
  await page.keyboard.press('Home');
  expect(await at()).toBe(show.rows.at(-1)![0]);
  await settled(page);
  expect((await changed(page)).map.sort(), 'seats that a key changes').toEqual([show.rows.at(-1)![0], show.rows.at(-1)!.at(-1)].sort());
  await page.keyboard.press('Enter');
  await until('a key takes the seat', async () => (await name(page, show.rows.at(-1)![0]!)).endsWith('yours'));
});
