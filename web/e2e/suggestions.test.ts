import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { call, findShow, hold, pay, signUp, type Schemas } from './platform';
import { suggest } from './suggestions';
import { logIn, said, stage, until } from './world';

const there = stage();
const kinds = ['phone', 'desktop'] as const;

const row = (page: Page, name: string | RegExp) => page.getByRole('region', { name });
const titles = (page: Page, name: string | RegExp) => row(page, name).locator('h3').allTextContents();
const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);

/** Adds up what moved without anybody having asked for it, from the beginning of each page. */
async function watchShifts(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const all = window as unknown as { moved: number };
    all.moved = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) all.moved += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  return () => page.evaluate(() => (window as unknown as { moved: number }).moved);
}

test.each(kinds)('Who is not logged in sees what is popular in the city, and nothing to press but films and shows, on a %s', async (kind) => {
  const { page } = await there.visit(kind);
  const shifts = await watchShifts(page);
  const list = page.waitForResponse('**/v1/me/recommendations?*');
  await page.goto('/?city=mumbai');
  const popular = row(page, 'Popular in Mumbai');
  await popular.waitFor();
  const { items, source } = (await (await list).json()) as Schemas['Recommendations'];
  expect(items.length).toBeGreaterThan(2);
  expect(source).toMatch(/^popularity/);
  expect(await titles(page, 'Popular in Mumbai')).toEqual(items.map((one) => one.movie.title));
  expect(await popular.getByRole('button').count()).toBe(0);
  expect(await popular.getByRole('listitem').count()).toBe(items.length);
  const told = page.waitForResponse('**/v1/me/impressions');
  await popular.scrollIntoViewIfNeeded();
  expect((await told).status(), 'what was in view is noted').toBe(204);
  for (const card of await popular.getByRole('listitem').all()) await expect.poll(() => card.locator('a[href^="/shows/"]').count()).toBe(1);
  expect(await shifts(), 'what moved').toBeLessThan(0.01);
});

test.each(kinds)('Each film says why, and the show that fits what a person usually chooses, on a %s', async (kind) => {
  const { page } = await there.visit(kind);
  await logIn(page, await signUp());
  const made = await suggest(page);
  await page.goto('/?city=mumbai');
  await row(page, 'For you').waitFor();
  const whys = await row(page, 'For you').locator('.why').allTextContents();
  expect(whys.slice(0, 6)).toEqual(['Because you booked Dune: Part 2 (3D)', 'Because you liked Dune: Part 2 (3D)', 'Fits what you like', 'Popular in Mumbai', 'New', 'Something different']);
  const first = row(page, 'For you').getByRole('listitem').first();
  await first.getByText('Your usual theater, row F · Your usual day and time', { exact: true }).waitFor();
  const { theater } = made.films[0]!.shows[0]!;
  const link = first.locator('a[href^="/shows/"]');
  expect(await link.textContent()).toMatch(new RegExp(`[a-z]+, ${theater.name}, Your usual theater, row F`, 'i'));
  await link.click();
  await page.waitForURL('**/shows/' + made.films[0]!.shows[0]!.id);
});

test.each(kinds)('Like, not for me, another film, and Undo, by the keyboard too, on a %s', async (kind) => {
  const { page, allow } = await there.visit(kind);
  allow(/status of 503/, 'the store of preferences is away once');
  await logIn(page, await signUp());
  const made = await suggest(page);
  const [first, second, third] = made.films.map((one) => one.movie);
  await page.goto('/?city=mumbai');
  const list = row(page, 'For you');
  await list.waitFor();
  const before = await titles(page, 'For you');

  const like = list.getByRole('button', { name: 'Like ' + first!.title, exact: true });
  await like.focus();
  await page.keyboard.press('Enter');
  await until('it is liked', async () => (await like.getAttribute('aria-pressed')) === 'true');
  await until('it is said', async () => (await said(page)) === `You like ${first!.title}.`);

  const drop = list.getByRole('button', { name: second!.title + ' is not for me', exact: true });
  await drop.focus();
  await page.keyboard.press('Enter');
  await until('it is said', async () => (await said(page)).startsWith(second!.title + ' will not be suggested'));
  expect(await focused(page)).toBe(`Undo: suggest ${second!.title} again`);
  const another = made.films[before.length]?.movie.title;
  await until('another one came', async () => JSON.stringify(await titles(page, 'For you')) === JSON.stringify([...before.filter((one) => one !== second!.title), ...(another ? [another] : [])]));

  await page.keyboard.press('Enter');
  await until('it is back in its place', async () => (await titles(page, 'For you'))[1] === second!.title);
  await until('the focus is where it was', async () => (await focused(page)) === second!.title + ' is not for me');
  expect(made.said).toEqual([
    { movie_id: first!.id, feedback: 'like' },
    { movie_id: second!.id, feedback: 'not_for_me' },
    { movie_id: second!.id, feedback: 'none' },
  ]);

  made.refuses = true;
  await list.getByRole('button', { name: third!.title + ' is not for me', exact: true }).click();
  await list.getByRole('alert').filter({ hasText: 'That was not saved. Try again.' }).waitFor();
  expect((await titles(page, 'For you'))[2]).toBe(third!.title);

  // What was liked is still so at the next visit.
  await page.goto('/?city=mumbai');
  await until('it is liked', async () => (await like.getAttribute('aria-pressed')) === 'true');
});

test('Without the store of preferences it is what is popular, for all, and nothing can be said', async () => {
  const { page } = await there.visit('phone');
  await logIn(page, await signUp());
  await suggest(page, 'popularity_without_store');
  await page.goto('/?city=mumbai');
  await row(page, 'Popular in Mumbai').waitFor();
  expect(await row(page, 'Popular in Mumbai').getByRole('button').count()).toBe(0);
});

test.each([
  ['an error', { status: 500, contentType: 'application/problem+json', body: '{"code":"internal"}' }],
  ['nothing', { json: { list_id: 'x', source: 'popularity', model: '', items: [] } }],
])('%s in place of a list is no row and no error', async (what, answer) => {
  const { page, allow } = await there.visit('desktop');
  if (what === 'an error') allow(/status of 500/, 'the list does not come');
  await page.route('**/v1/me/recommendations?*', (route) => route.fulfill(answer));
  await page.goto('/?city=mumbai');
  await page.locator('main footer').waitFor();
  expect(await page.getByRole('heading', { name: 'Popular in Mumbai' }).count()).toBe(0);
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('A list that comes late moves nothing that is in view', async () => {
  for (const kind of kinds) {
    const { page } = await there.visit(kind);
    const shifts = await watchShifts(page);
    await suggest(page);
    let go = () => {};
    const wait = new Promise<void>((done) => (go = done));
    await page.route('**/v1/me/recommendations?*', async (route) => {
      await wait;
      await route.fallback();
    });
    await page.goto('/?city=mumbai');
    await page.locator(kind === 'phone' ? '.films li' : 'section li').nth(5).waitFor();
    // The reader is where the row would have come.
    await page.evaluate(() => scrollTo(0, 700));
    const place = () => page.evaluate(() => [...document.querySelectorAll('h2')].find((one) => one.getBoundingClientRect().top > 100)!.getBoundingClientRect().top);
    const before = await place();
    go();
    await row(page, 'Popular in Mumbai').waitFor({ state: 'attached' });
    expect(await place(), kind).toBe(before);
    expect(await shifts(), kind).toBeLessThan(0.01);
  }
});

test('What was in view for a second, and what was opened, is told once; a card that nobody saw is not', async () => {
  const { page } = await there.visit('desktop');
  const made = await suggest(page);
  await page.goto('/?city=mumbai');
  await row(page, 'Popular in Mumbai').waitFor();
  await page.waitForTimeout(1500); // below the board: not in view
  expect(made.reports).toEqual([]);
  await row(page, 'Popular in Mumbai').scrollIntoViewIfNeeded();
  await until('it is told', () => made.reports.length > 0);
  const told = made.reports[0]!;
  expect(told.list_id).toBe('list-1');
  expect(told.opened).toEqual([]);
  expect(made.films.slice(0, told.seen.length).map((one) => one.movie.id).sort()).toEqual([...told.seen].sort());
  expect(told.seen.length).toBeLessThan(10); // the others are to the right, out of the window

  await row(page, 'Popular in Mumbai').getByRole('link', { name: made.films[0]!.movie.title, exact: true }).click();
  await page.waitForURL('**/movies/*');
  await until('it is told', () => made.reports.some((one) => one.opened.length > 0));
  const ids = made.reports.filter((one) => one.list_id === 'list-1').flatMap((one) => one.seen);
  expect(new Set(ids).size, 'each once').toBe(ids.length);
  expect(made.reports.flatMap((one) => one.opened)).toEqual([made.films[0]!.movie.id]);
});

test('A page that is left tells what it has at once', async () => {
  const { page } = await there.visit('phone');
  const made = await suggest(page);
  await page.goto('/?city=mumbai');
  await row(page, 'Popular in Mumbai').scrollIntoViewIfNeeded();
  await page.waitForTimeout(1200);
  expect(made.reports).toEqual([]);
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('it is told', () => made.reports.some((one) => one.seen.length > 0), 2000);
});

test.each(kinds)('A movie’s page has others like it, below its shows, on a %s', async (kind) => {
  const { page } = await there.visit(kind);
  const { date, movies } = await call<Schemas['Home']>('GET', '/v1/home?city=mumbai');
  const { slug, title } = movies[0]!.movie;
  await page.goto(`/movies/${slug}?city=mumbai&date=${date}`);
  await row(page, 'You may also like').waitFor();
  const others = await titles(page, 'You may also like');
  expect(others.length).toBeGreaterThan(0);
  expect(others.length).toBeLessThanOrEqual(6);
  expect(others).not.toContain(title);
  expect(await row(page, 'You may also like').locator('.why').count()).toBe(0);
  const [shows, more] = [await page.locator('.shows').first().boundingBox(), await row(page, 'You may also like').boundingBox()];
  expect(more!.y).toBeGreaterThan(shows!.y);
});

test('After a booking: what else is on, and the next first screen without that film', { timeout: 120_000 }, async () => {
  const show = await findShow();
  const customer = await signUp();
  const bought = await pay(customer, await hold(customer, show.id, show.free.slice(0, 2)));
  const { page, context } = await there.visit('phone');
  await page.goto(bought.payment!.return_url!);
  await row(page, 'What else is on').waitFor();
  expect(await titles(page, 'What else is on'), 'by the link').not.toContain(show.movie.title);
  await context.clearCookies();

  await logIn(page, customer);
  await page.goto('/bookings/' + bought.id);
  await row(page, 'What else is on').waitFor();
  const [ticket, more] = [await page.getByRole('link', { name: 'Show the ticket' }).boundingBox(), await row(page, 'What else is on').boundingBox()];
  expect(more!.y).toBeGreaterThan(ticket!.y);
  const others = await titles(page, 'What else is on');
  expect([others.length, others.includes(show.movie.title)]).toEqual([3, false]);

  // A visit with a child need not shape what is suggested.
  const kept = async () => (await call<Schemas['TastePreferences']>('GET', '/v1/me/preferences', undefined, customer.token)).left_out;
  const leave = page.getByRole('switch', { name: 'Leave this visit out of my suggestions' });
  expect(await leave.isChecked()).toBe(false);
  await leave.click();
  await until('it is left out', async () => (await kept()).includes(bought.id));
  await until('it is said', async () => (await said(page)) === 'Saved.');
  await page.reload();
  await until('it is so after a reload', () => leave.isChecked());
  await leave.press('Space');
  await until('it counts', async () => (await kept()).length === 0);

  await page.goto('/?city=' + show.city);
  const list = row(page, /^(For you|Popular in Mumbai)$/);
  await list.waitFor();
  expect(await list.locator('h3').allTextContents()).not.toContain(show.movie.title);
  // The reason is the heading, or each film has its own.
  const title = await list.getByRole('heading', { level: 2 }).textContent();
  const [cards, whys] = [await list.getByRole('listitem').count(), await list.locator('.why').count()];
  expect(title === 'Popular in Mumbai' || whys === cards, `${title}: ${whys} reasons for ${cards} films`).toBe(true);
});

test.each(kinds)('What a person likes is chosen, kept, and forgotten, on a %s', { timeout: 120_000 }, async (kind) => {
  const customer = await signUp();
  const { page, allow } = await there.visit(kind);
  allow(/status of 409/, 'it was changed on another device');
  await logIn(page, customer);
  const home = await call<{ movies: { movie: { id: string; title: string } }[] }>('GET', '/v1/home?city=mumbai');
  const [liked, not] = home.movies.map((one) => one.movie);
  await call('POST', '/v1/me/feedback', { movie_id: liked!.id, feedback: 'like' }, customer.token);
  await call('POST', '/v1/me/feedback', { movie_id: not!.id, feedback: 'not_for_me' }, customer.token);
  const kept = () => call<Record<string, unknown>>('GET', '/v1/me/preferences', undefined, customer.token);
  const saved = (what: Record<string, unknown>) => until(JSON.stringify(what), async () => Object.entries(await kept()).filter(([key, value]) => key in what && JSON.stringify(what[key]) === JSON.stringify(value)).length === Object.keys(what).length);

  await page.goto('/account/tastes');
  const own = page.getByRole('switch', { name: 'Suggestions made for you' });
  await own.waitFor();
  await page.getByRole('checkbox', { name: 'Drama' }).check();
  await saved({ genres: ['Drama'], personalization: true });
  await own.click();
  await saved({ personalization: false, genres: ['Drama'] });
  await page.getByRole('checkbox', { name: 'captions' }).check();
  await saved({ accessibility: ['captions'] });

  // Changed on another device meanwhile: it is shown as it is now.
  const { version } = await kept();
  await call('PUT', '/v1/me/preferences', { version, personalization: false, genres: ['Comedy'] }, customer.token);
  await page.getByRole('checkbox', { name: 'Drama' }).uncheck();
  await page.getByRole('alert').filter({ hasText: 'changed on another device' }).waitFor();
  expect([await page.getByRole('checkbox', { name: 'Drama' }).isChecked(), await page.getByRole('checkbox', { name: 'Comedy' }).isChecked()]).toEqual([false, true]);

  await page.getByRole('button', { name: 'Take back: ' + liked!.title }).click();
  await saved({ liked: [], not_for_me: [not!.id] });

  await page.getByRole('button', { name: 'Forget what you like' }).click();
  await page.getByText('Bookings and reviews stay.').waitFor();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('button', { name: 'Forget what you like' }).click();
  await page.getByRole('button', { name: 'Forget it' }).click();
  await saved({ genres: [], not_for_me: [] });
  await until('it is said', async () => (await said(page)) === 'It is forgotten.');
  await page.getByText('Films that you do not want suggested are listed here.').waitFor();
});
