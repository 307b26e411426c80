/** Every screen of the app, with what shows that it is there. */
import type { Page } from 'playwright-core';

import { cancel, confirm, findShow, hold, newcomer, pay, payInVain, remoteShow, signUp, type Customer, type Schemas, type Show } from './platform';
import { authenticator, seat } from './world';

export interface Things {
  show: Show;
  customer: Customer;
  held: Schemas['Booking'];
  declined: Schemas['Booking'];
  confirmed: Schemas['Booking'];
  cancelled: Schemas['Booking'];
  /** At a theater that sells from its own system. */
  remote: Schemas['Booking'];
}

/** A customer with a booking in each state. */
export async function things(): Promise<Things> {
  const customer = await signUp('Meera Krishnamurthy');
  const shows = [await findShow(), await findShow(), await findShow(), await findShow()];
  const [held, declined, confirmed, cancelled] = await Promise.all(shows.map((show) => hold(customer, show.id, show.free.slice(0, 2))));
  await Promise.all([payInVain(customer, declined!), pay(customer, confirmed!), pay(customer, cancelled!)]);
  await cancel(customer, cancelled!.id);
  const elsewhere = (await remoteShow()).show;
  const remote = await pay(customer, await hold(customer, elsewhere.id, [0, 1, 2].map((i) => elsewhere.free[2 * i]!)));
  return { show: await findShow({ wider: 14 }), customer, held: held!, declined: declined!, confirmed: confirmed!, cancelled: cancelled!, remote };
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

interface Guest {
  who: Customer;
  held: Schemas['Booking'];
}

const guests = new WeakMap<Page, Guest>();
let seatsOfGuests = 0;

/** A guest in this page, with a seat that is held: as if the form had been sent. */
async function guestIn(page: Page, { show }: Things): Promise<Guest> {
  const { email, name, password } = newcomer();
  await page.goto('/about');
  const who = await page.evaluate(async (address) => {
    const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email: address }) };
    const { access_token: token } = (await (await fetch('/v1/browser-sessions/guest', post)).json()) as { access_token: string };
    const { id } = (await (await fetch('/v1/me', { headers: { Authorization: 'Bearer ' + token } })).json()) as { id: string };
    localStorage.setItem('boxoffice.account', id);
    return { id, token };
  }, email);
  const customer = { ...who, email, name, password };
  const guest = { who: customer, held: await hold(customer, show.id, [show.free[10 + seatsOfGuests++]!]) };
  guests.set(page, guest);
  return guest;
}

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
  at('guest', false, ({ show }) => '/guest?next=/shows/' + show.id, 'form'),
  {
    name: 'guest-code',
    member: false,
    whole: true,
    async open(page, things) {
      await page.goto('/bookings/' + (await guestIn(page, things)).held.id);
      await page.locator('.confirm .wait').waitFor();
    },
  },
  {
    name: 'guest-address',
    member: false,
    whole: true,
    async open(page) {
      await page.locator('main button.link').first().click();
      await page.locator('input[type=email]').waitFor();
    },
  },
  at('guest-account', false, () => '/account', '.confirm'),
  {
    name: 'guest-ticket',
    member: false,
    async open(page) {
      const { who, held } = guests.get(page)!;
      await confirm(who, 'email', who.email);
      await pay(who, held);
      await page.goto('/tickets/' + held.id);
      await page.locator('article img').waitFor();
    },
  },
  {
    name: 'guest-booking',
    member: false,
    whole: true,
    async open(page) {
      await page.goto('/bookings/' + guests.get(page)!.held.id);
      await page.locator('.acts a[href*=claim]').waitFor();
    },
  },
  at('guest-claim', false, () => '/signup?claim&next=/tickets', 'form'),
  at('account-nobody', false, () => '/account', 'main a.go'),
  at('pay', true, ({ held }) => '/bookings/' + held.id, 'button.way'),
  at('declined', true, ({ declined }) => '/bookings/' + declined.id, '[role=alert]'),
  at('booking', true, ({ confirmed }) => '/bookings/' + confirmed.id, '.story'),
  at('ticket', true, ({ confirmed }) => '/tickets/' + confirmed.id, 'article img', false),
  at('ticket-remote', true, ({ remote }) => '/tickets/' + remote.id, 'article li img'),
  at('tickets', true, () => '/tickets', 'main li a'),
  at('cancel', true, ({ confirmed }) => `/bookings/${confirmed.id}/cancel`, 'button.danger'),
  at('cancelled', true, ({ cancelled }) => '/bookings/' + cancelled.id, '.story'),
  {
    name: 'home-suggestions',
    member: true,
    async open(page, { show }) {
      await page.goto('/?city=' + show.city);
      await page.locator('[data-movie] [aria-pressed]').first().scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'home-not-for-me',
    member: true,
    async open(page) {
      await page.locator('[data-movie] .drop').first().click();
      await page.locator('.gone button').waitFor();
    },
  },
  at('account', true, () => '/account', 'main nav a'),
  at('account-profile', true, () => '/account/profile', 'form'),
  at('account-email', true, () => '/account/email', 'form'),
  {
    name: 'account-email-code',
    member: true,
    whole: true,
    async open(page) {
      await page.goto('/account/email');
      await page.locator('.ways button').click();
      await page.locator('input[name=code]').waitFor();
    },
  },
  at('account-password', true, () => '/account/password', 'form'),
  {
    name: 'account-password-wrong',
    member: true,
    whole: true,
    async open(page) {
      await page.goto('/account/password');
      await page.locator('form button[type=submit]').click();
      await page.locator('.summary').waitFor();
    },
  },
  at('account-security', true, () => '/account/security', '#sessions'),
  {
    name: 'account-passkeys',
    member: true,
    whole: true,
    async open(page) {
      await authenticator(page);
      await page.goto('/account/security');
      await page.getByRole('button', { name: 'Add a passkey' }).click();
      await page.getByRole('list', { name: 'Passkeys' }).waitFor();
      await page.getByRole('button', { name: /^Remove the passkey / }).first().click();
    },
  },
  at('account-messages', true, () => '/account/messages', 'fieldset'),
  at('account-tastes', true, () => '/account/tastes', 'select'),
  at('account-region', true, () => '/account/region', 'form'),
];
