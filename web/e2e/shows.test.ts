import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { base, booking, call, cancelShow, findShow, hold, moveShow, pay, signUp, type Customer, type Schemas, type Show } from './platform';
import { logIn, said, seat, stage, until } from './world';

const there = stage();

/** A time on the theater's clock, as the app writes it: 7:05, without am and pm. */
function clock(at: string, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-IN', { timeZone: zone, hour: 'numeric', minute: '2-digit' }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((p) => p.type === type)!.value;
  return `${part('hour')}:${part('minute')}`;
}

/** Customers with tickets for two seats each. */
function ticketHolders(show: Show, names: string[]): Promise<{ customer: Customer; bought: Schemas['Booking'] }[]> {
  // Every third of the free seats has two free neighbors that no other customer here wants.
  const starts = show.free.filter((_, i) => i % 3 === 0);
  return Promise.all(names.map(async (name, i) => {
    const customer = await signUp(name);
    const row = show.seats.layout.rows.find((r) => r.seats.some((s) => s.id === starts[i]))!.seats;
    const at = row.findIndex((s) => s.id === starts[i]);
    const bought = await pay(customer, await hold(customer, show.id, [row[at]!.id, row[at + 1]!.id]));
    return { customer, bought };
  }));
}

test('A moved show: the old and the new time, and each of the three choices once', async () => {
  const show = await findShow({ again: true });
  const holders = await ticketHolders(show, ['Asha Rao', 'Meera Iyer', 'Ravi Menon']);
  const change = await moveShow(show, 'The film arrives late');
  const [was, now] = [show.startsAt, change.new_starts_at!].map((at) => clock(at, show.zone));

  const opens = async ({ customer, bought }: (typeof holders)[number]) => {
    const { page } = await there.visit('phone');
    await logIn(page, customer);
    // Who comes by the booking is shown the way; the mail leads here, too.
    await page.goto('/bookings/' + bought.id);
    await page.getByText('The theater moved the show.').waitFor();
    await page.getByRole('link', { name: 'Choose what happens' }).click();
    await page.getByRole('heading', { name: 'The theater moved your show' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/bookings/${bought.id}/choice`);
    expect(await page.locator('dd').allTextContents()).toEqual([expect.stringContaining(was!), expect.stringContaining(now!)]);
    expect(await page.locator('dd').first().evaluate((old) => getComputedStyle(old).textDecorationLine)).toBe('line-through');
    await page.getByText('The theater says: The film arrives late').waitFor();
    await page.getByText(/^If you do not choose until .+, your tickets hold for the new time\.$/).waitFor();
    return page;
  };
  /** On the booking's page after a choice. */
  const chose = async (page: Page, id: string) => {
    await page.waitForURL(base + '/bookings/' + id);
    await until('it is said', async () => (await said(page)).includes('Your choice is made.'));
  };
  const comesAgain = async (page: Page, id: string, words: string) => {
    await page.goto(`/bookings/${id}/choice`);
    await page.getByText(words, { exact: true }).waitFor();
    expect(await page.locator('main button').count(), 'there is nothing to choose any more').toBe(0);
    await page.getByRole('link', { name: 'Back to the booking' }).click();
    await page.waitForURL(base + '/bookings/' + id);
    await page.getByRole('heading', { name: 'What happened' }).waitFor();
    expect(await page.getByRole('link', { name: 'Choose what happens' }).count()).toBe(0);
  };
  const [keeps, moves, leaves] = holders as [(typeof holders)[0], (typeof holders)[0], (typeof holders)[0]];

  const keeping = await opens(keeps);
  await keeping.getByRole('button', { name: new RegExp(`^Keep the seats for .*${now}`) }).click();
  await chose(keeping, keeps.bought.id);
  await keeping.getByText('The seats are yours', { exact: true }).waitFor();
  await keeping.getByText('Your seats are kept for the new time.').waitFor();
  expect(await keeping.locator('.stub .meta').textContent()).toContain(now);
  await comesAgain(keeping, keeps.bought.id, 'You kept the seats for the new time.');

  const moving = await opens(moves);
  const { moves: possible } = await call<Schemas['BookingChange']>('GET', `/v1/bookings/${moves.bought.id}/change`, undefined, moves.customer.token);
  expect(await moving.getByRole('button', { name: /^Move to/ }).count()).toBe(Math.min(6, possible.length));
  await moving.getByRole('button', { name: /^Move to/ }).first().click();
  await chose(moving, moves.bought.id);
  await moving.getByText('The seats are yours', { exact: true }).waitFor();
  await moving.getByText('You moved to another show.').waitFor();
  const moved = await booking(moves.customer, moves.bought.id);
  expect(moved.show.id).toBe(possible[0]!.show.id);
  expect(moved.seats).toEqual(possible[0]!.seats);
  expect(moved.quote.total.amount, 'a move never costs more').toBeLessThanOrEqual(moves.bought.quote.total.amount);
  expect(await moving.locator('.stub .meta').textContent()).toContain(clock(moved.show.starts_at, moved.show.time_zone));
  await comesAgain(moving, moves.bought.id, 'You moved to another show.');

  const leaving = await opens(leaves);
  await leaving.getByRole('button', { name: 'Get all the money back' }).click();
  await chose(leaving, leaves.bought.id);
  await leaving.getByText('Cancelled', { exact: true }).waitFor();
  await leaving.locator('[role=status]', { hasText: /is on its way back to you|was given back/ }).waitFor();
  const left = await booking(leaves.customer, leaves.bought.id);
  expect(left.refund!.amount).toEqual(leaves.bought.quote.total);
  await comesAgain(leaving, leaves.bought.id, 'You asked for the money back.');
});

test('A show is cancelled under the eyes of those who choose seats and of those who pay', async () => {
  const show = await findShow({ again: true });
  const asha = await signUp();
  const held = await hold(asha, show.id, [show.free[0]!]);

  const { page: choosing } = await there.visit('desktop');
  await choosing.goto('/shows/' + show.id);
  await seat(choosing, show.free[5]!).click();
  await choosing.getByRole('button', { name: 'Keep ' + show.free[5] }).waitFor();
  const { page: paying } = await there.visit('phone');
  await logIn(paying, asha);
  await paying.goto('/bookings/' + held.id);
  await paying.getByRole('button', { name: /^Pay ₹/ }).waitFor();
  for (const page of [choosing, paying]) await page.evaluate(() => ((window as unknown as { same: boolean }).same = true));

  await cancelShow(show.id, 'The projector failed');
  const alert = choosing.getByRole('alert').filter({ hasText: 'The theater has cancelled this show.' });
  await alert.waitFor({ timeout: 5000 });
  expect(await choosing.getByRole('button', { name: /^Keep/ }).count(), 'nothing can be kept').toBe(0);
  await seat(choosing, show.free[9]!).click({ force: true });
  expect(await seat(choosing, show.free[9]!).getAttribute('aria-label'), 'nothing can be chosen').not.toMatch(/yours$/);

  await paying.locator('[role=status]').getByText('Cancelled', { exact: true }).waitFor({ timeout: 10_000 });
  const state = await paying.locator('[role=status]').textContent();
  expect(state, 'why').toContain('The theater has cancelled this show.');
  expect(state, 'where the money is').toMatch(/Nothing was taken\.$/);
  expect(state, 'no bank reserved anything').not.toContain('reserved');
  await paying.getByText('The payment was closed. Nothing was taken.').waitFor();
  expect(await paying.getByRole('button', { name: /^Pay/ }).count()).toBe(0);
  expect(await paying.getByRole('timer').count()).toBe(0);
  for (const page of [choosing, paying]) expect(await page.evaluate(() => (window as unknown as { same?: boolean }).same), 'without a reload').toBe(true);

  // The mail about it leads to what else there is.
  await until('the change is there', async () => (await fetch(`${base}/v1/bookings/${held.id}/change`, { headers: { Authorization: 'Bearer ' + asha.token } })).ok);
  await paying.goto(`/bookings/${held.id}/choice`);
  await paying.getByRole('heading', { name: 'The theater cancelled your show' }).waitFor();
  await paying.getByText('The theater says: The projector failed').waitFor();
  await paying.getByRole('heading', { name: 'Other shows of this movie' }).waitFor();
  const { alternatives } = await call<Schemas['BookingChange']>('GET', `/v1/bookings/${held.id}/change`, undefined, asha.token);
  await paying.locator(`main a[href="/shows/${alternatives[0]!.id}"]`).click();
  await paying.waitForURL(base + '/shows/' + alternatives[0]!.id);

  await alert.getByRole('link', { name: 'See other shows of this movie' }).click();
  await choosing.waitForURL(base + '/movies/' + show.movie.slug);
  await choosing.getByRole('heading', { name: show.movie.title, exact: true }).first().waitFor();
});

test('A hold ends when the server says so, and never before', async () => {
  const show = await findShow();
  const asha = await signUp();
  const held = await hold(asha, show.id, [show.free[0]!]);
  const { page } = await there.visit('phone');
  await logIn(page, asha);

  // The server's answers say that the hold ends in seconds; its own work is late.
  const ends = new Date(Date.now() + 6000).toISOString();
  let state: Pick<Schemas['Booking'], 'status'> = { status: 'held' };
  let asked = 0;
  const now = async () => ({ ...(await booking(asha, held.id)), hold_expires_at: ends, ...state });
  await page.route(`**/v1/bookings/${held.id}`, async (route) => {
    asked++;
    await route.fulfill({ json: await now() });
  });
  await page.route(`**/v1/bookings/${held.id}/stream`, async (route) =>
    route.fulfill({ contentType: 'text/event-stream', body: `event: booking\ndata: ${JSON.stringify(await now())}\n\n` }),
  );
  await page.goto('/bookings/' + held.id);
  await page.getByRole('timer').waitFor();

  const checks = page.getByText('The time is over. We are checking whether the seats are still yours.');
  await checks.waitFor();
  expect(await page.getByRole('timer').textContent()).toBe('0:00');
  const before = asked;
  await until('the server is asked', () => asked > before + 1, 15_000);
  expect(await checks.isVisible(), 'it still checks').toBe(true);
  expect(await page.getByText('The time to pay is over').count(), 'the app does not end the hold').toBe(0);
  expect(await page.locator('.struck').count()).toBe(0);

  state = { status: 'expired' };
  await page.locator('[role=status]').getByText('The time to pay is over').waitFor();
  expect(await checks.count()).toBe(0);
  await page.getByText('The seats were released and nothing was taken.', { exact: false }).waitFor();
  await page.getByRole('link', { name: 'Choose seats again' }).click();
  await page.waitForURL(base + '/shows/' + show.id);
});

test('Without a choice the default holds, and the page says so', async () => {
  const show = await findShow();
  const [{ customer, bought }] = (await ticketHolders(show, ['Asha Rao'])) as [{ customer: Customer; bought: Schemas['Booking'] }];
  await moveShow(show, 'The film arrives late');
  const { page } = await there.visit('phone');
  await logIn(page, customer);
  // The time to choose has whole minutes; the answer of a later hour is made here.
  let choice = 'keep';
  await page.route(`**/v1/bookings/${bought.id}/change`, async (route) => {
    const change = await call<Schemas['BookingChange']>('GET', `/v1/bookings/${bought.id}/change`, undefined, customer.token);
    await route.fulfill({ json: { ...change, choice, chosen_by: 'default', chosen_at: change.decide_by, open: false, alternatives: [], moves: [] } });
  });
  for (const words of ['so your seats are kept for the new time.', 'so you get all your money back.']) {
    await page.goto(`/bookings/${bought.id}/choice`);
    await page.getByText('You did not choose in time, ' + words).waitFor();
    expect(await page.locator('main button').count()).toBe(0);
    choice = 'refund';
  }
});
