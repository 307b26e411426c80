/** Every screen of the app, with what shows that it is there. */
import type { Page } from 'playwright-core';

import { cancel, findShow, hold, pay, payInVain, signUp, type Customer, type Schemas, type Show } from './platform';
import { seat } from './world';

export interface Things {
  show: Show;
  customer: Customer;
  held: Schemas['Booking'];
  declined: Schemas['Booking'];
  confirmed: Schemas['Booking'];
  cancelled: Schemas['Booking'];
}

/** A customer with a booking in each state. */
export async function things(): Promise<Things> {
  const customer = await signUp('Meera Krishnamurthy');
  const shows = [await findShow(), await findShow(), await findShow(), await findShow()];
  const [held, declined, confirmed, cancelled] = await Promise.all(shows.map((show) => hold(customer, show.id, show.free.slice(0, 2))));
  await Promise.all([payInVain(customer, declined!), pay(customer, confirmed!), pay(customer, cancelled!)]);
  await cancel(customer, cancelled!.id);
  return { show: await findShow({ wider: 14 }), customer, held: held!, declined: declined!, confirmed: confirmed!, cancelled: cancelled! };
}

export interface Screen {
  name: string;
  /** Whether somebody is logged in. */
  member: boolean;
  /** Whether the picture has the whole page, or what fits the window. */
  whole?: boolean;
  open(page: Page, things: Things): Promise<void>;
}

/** A screen at an address that is there when an element is. */
function at(name: string, member: boolean, address: (things: Things) => string, there: string, whole = true): Screen {
  return {
    name,
    member,
    whole,
    async open(page, things) {
      await page.goto(address(things));
      await page.locator(there).first().waitFor();
    },
  };
}

const seats = async (page: Page, { show }: Things) => {
  await page.goto('/shows/' + show.id);
  await seat(page, show.free[0]!).waitFor();
  await page.locator('header p.free').waitFor();
};

export const screens: Screen[] = [
  at('home', false, ({ show }) => '/?city=' + show.city, 'main footer', false),
  at('home-day', false, ({ show }) => `/?city=${show.city}&date=${show.date}`, 'main footer', false),
  at('movie', false, ({ show }) => `/movies/${show.movie.slug}?date=${show.date}`, '.shows a'),
  at('search', false, () => '/search?q=the', 'main h2'),
  {
    name: 'search-filters',
    member: false,
    whole: true,
    async open(page) {
      await page.goto('/search?q=a');
      await page.locator('.filters summary').click();
      await page.locator('.filters fieldset').first().waitFor();
    },
  },
  at('search-nothing', false, () => '/search?q=xqzvwk', 'main li.none'),
  at('theater', false, ({ show }) => `/theaters/${show.theater.slug}?date=${show.date}`, '.shows a'),
  { name: 'seats', member: false, open: seats },
  {
    name: 'seats-chosen',
    member: false,
    async open(page, things) {
      await seats(page, things);
      await page.locator('.ways > .way').first().click();
      await page.locator('.cost .meta').waitFor();
    },
  },
  {
    name: 'seats-list',
    member: false,
    async open(page, things) {
      await seats(page, things);
      await page.locator('.ways > .way').last().click();
      await page.locator('details[name=row] summary').nth(1).click();
      await page.locator('details[open] button').first().waitFor();
    },
  },
  at('login', false, ({ show }) => '/login?next=/shows/' + show.id, 'form'),
  at('signup', false, () => '/signup', 'form'),
  {
    name: 'signup-wrong',
    member: false,
    whole: true,
    async open(page) {
      await page.goto('/signup');
      await page.locator('form button[type=submit]').click();
      await page.locator('.summary').waitFor();
    },
  },
  at('forgot', false, () => '/reset', 'form'),
  at('reset', false, () => '/reset#token=x', 'form'),
  at('verify', false, () => '/verify#token=x', 'form'),
  at('email-undo', false, () => '/email-undo#token=x', 'form'),
  at('about', false, () => '/about', 'h1'),
  at('unknown', false, () => '/there/is/nothing', 'h1'),
  at('gone', false, () => '/shows/00000000-0000-4000-8000-000000000000', '[role=alert]'),
  at('booking-by-link', false, ({ confirmed }) => confirmed.payment!.return_url!, '.by'),
  {
    name: 'ticket-by-link',
    member: false,
    async open(page, { confirmed }) {
      await page.goto(confirmed.payment!.return_url!);
      await page.locator('a.go[href^="/tickets/"]').click();
      await page.locator('article img').waitFor();
    },
  },
  at('tickets-nobody', false, () => '/tickets', 'main a.go'),
  at('pay', true, ({ held }) => '/bookings/' + held.id, 'button.way'),
  at('declined', true, ({ declined }) => '/bookings/' + declined.id, '[role=alert]'),
  at('booking', true, ({ confirmed }) => '/bookings/' + confirmed.id, '.story'),
  at('ticket', true, ({ confirmed }) => '/tickets/' + confirmed.id, 'article img', false),
  at('tickets', true, () => '/tickets', 'main li a'),
  at('cancel', true, ({ confirmed }) => `/bookings/${confirmed.id}/cancel`, 'button.danger'),
  at('cancelled', true, ({ cancelled }) => '/bookings/' + cancelled.id, '.story'),
  at('account', true, () => '/account', 'form'),
];
