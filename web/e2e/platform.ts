/** The platform that is tested, as a client of its API sees it: accounts, shows, holds. */
import type { components } from '../src/api/schema';

export type Schemas = components['schemas'];
export type SeatMap = Schemas['SeatMap'];
type HomeShow = Schemas['Home']['movies'][number]['shows'][number];

/** The app and the API. `boxoffice-dev with` names them in its environment. */
export const base = process.env.BOXOFFICE_URL ?? process.env.PUBLIC_URL ?? 'http://localhost:8080';
/** The stand-in for the payment provider, whose page the customer pays on. */
export const sandbox = process.env.SANDBOX_URL ?? process.env.STRIPE_API_URL ?? 'http://127.0.0.1:8090';

/** Calls the API and gives the answer's body; other statuses than 2xx are errors. */
export async function call<T>(method: string, path: string, body?: unknown, token?: string, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(token ? { Authorization: 'Bearer ' + token } : {}),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return (text ? JSON.parse(text) : undefined) as T;
}

export interface Customer {
  id: string;
  name: string;
  email: string;
  password: string;
  token: string;
}

let customers = 0;

/** What somebody types to sign up: an address that is not taken. */
export function newcomer(name = 'Asha Rao'): { name: string; email: string; password: string } {
  customers++;
  return { name, email: `e2e-${Date.now()}-${customers}@example.com`, password: 'four words on paper' };
}

/** Signs somebody up by the API. */
export async function signUp(name?: string): Promise<Customer> {
  const given = newcomer(name);
  const account = await call<Schemas['Account']>('POST', '/v1/accounts', given);
  const session = await call<{ access_token: string }>('POST', '/v1/sessions', { email: given.email, password: given.password });
  return { ...given, id: account.id, token: session.access_token };
}

interface Letter {
  channel: string;
  subject?: string;
  text: string;
}

/** The newest message to an address that has something in it, as soon as it is there. */
export async function letterTo(channel: string, to: string, what: RegExp): Promise<Letter> {
  for (const end = Date.now() + 15_000; ; await new Promise((soon) => setTimeout(soon, 100))) {
    const { messages } = (await (await fetch(`${sandbox}/inbox.json?to=${encodeURIComponent(to)}`)).json()) as { messages: Letter[] };
    const found = messages.find((one) => one.channel === channel && what.test((one.subject ?? '') + one.text));
    if (found) return found;
    if (Date.now() > end) throw new Error(`no ${channel} to ${to} with ${what}`);
  }
}

/** The code of the newest message to an address. */
export async function codeTo(channel: 'email' | 'sms', to: string): Promise<string> {
  return /#(\d{6})/.exec((await letterTo(channel, to, /#\d{6}/)).text)![1]!;
}

/** Proves an address or a number by the code that it was sent. */
export async function confirm(customer: Customer, channel: 'email' | 'sms', to: string): Promise<void> {
  await call('POST', '/v1/me/verification/confirm', { channel, code: await codeTo(channel, to) }, customer.token);
}

/** A show with many free seats, and all that leads to it. */
export interface Show {
  id: string;
  city: string;
  date: string;
  zone: string;
  startsAt: string;
  movie: { slug: string; title: string };
  theater: { slug: string; name: string };
  seats: SeatMap;
  /** Free standard seats that have two free neighbors on the right, in the order of the hall. */
  free: string[];
}

interface Wanted {
  city?: string;
  /** Wider than this many seats, so that a phone shows them small. */
  wider?: number;
  narrower?: number;
  /** At least this many seats. */
  seats?: number;
  /** The movie has shows beside this one, in the same city, and one of them has such seats, too. */
  again?: boolean;
}

let candidates: Promise<Map<string, Candidate[]>> | undefined;
interface Candidate {
  date: string;
  show: HomeShow;
  movie: { slug: string; title: string };
  /** How many shows of the movie there are in these days. */
  shows: number;
}

/** The demo world's theater that sells from its own system. */
const remoteTheater = 'copper-kettle-hackney';

/** Finds a show days ahead that no other test of this run has. */
export async function findShow(wanted: Wanted = {}): Promise<Show> {
  candidates ??= Promise.resolve(new Map());
  const city = wanted.city ?? 'mumbai';
  const all = await candidates;
  if (!all.has(city)) all.set(city, await showsOf(city));
  const left = all.get(city)!;
  for (const candidate of [...left]) {
    if (wanted.again && candidate.shows < 3) continue;
    const seats = await call<SeatMap>('GET', `/v1/shows/${candidate.show.id}/seats`);
    const found = suits(city, candidate, seats, wanted);
    if (!found || (wanted.again && !(await soldElsewhere(found, left)))) continue;
    left.splice(left.indexOf(candidate), 1);
    return found;
  }
  throw new Error(`no show in ${city} suits ${JSON.stringify(wanted)}; is the demo data there?`);
}

/** Whether another show of the movie has seats of the first free seat's category: a moved booking may go there. */
async function soldElsewhere(show: Show, candidates: Candidate[]): Promise<boolean> {
  const category = show.seats.layout.rows.find((row) => row.seats.some((seat) => seat.id === show.free[0]))!.category;
  for (const other of candidates.filter((c) => c.movie.slug === show.movie.slug && c.show.id !== show.id).slice(0, 5)) {
    const seats = await call<SeatMap>('GET', `/v1/shows/${other.show.id}/seats`);
    if (seats.on_sale && category in seats.prices) return true;
  }
  return false;
}

async function showsOf(city: string): Promise<Candidate[]> {
  const home = await call<Schemas['Home']>('GET', '/v1/home?city=' + city);
  const out: Candidate[] = [];
  for (const date of home.days.slice(3)) {
    const day = await call<Schemas['Home']>('GET', `/v1/home?city=${city}&date=${date}`);
    for (const { movie, shows } of day.movies) {
      // The theater that sells from its own system has tickets of another kind: see remoteShow.
      for (const show of shows) if (show.theater.slug !== remoteTheater) out.push({ date, show, movie, shows: 0 });
    }
  }
  for (const candidate of out) candidate.shows = out.filter((other) => other.movie.slug === candidate.movie.slug).length;
  // A run that follows another begins elsewhere.
  const at = Math.floor(Math.random() * out.length);
  return [...out.slice(at), ...out.slice(0, at)];
}

function suits(city: string, { date, show, movie }: Candidate, seats: SeatMap, wanted: Wanted, least = 40): Show | undefined {
  const xs = seats.layout.rows.flatMap((row) => row.seats.map((seat) => seat.x));
  const width = Math.max(...xs) - Math.min(...xs) + 1;
  if (xs.length < (wanted.seats ?? 0)) return undefined;
  if (width <= (wanted.wider ?? 0) || width >= (wanted.narrower ?? 1000) || !seats.on_sale) return undefined;
  const taken = new Set([...seats.held, ...seats.sold]);
  const free: string[] = [];
  for (const row of seats.layout.rows) {
    row.seats.forEach((seat, i) => {
      const three = row.seats.slice(i, i + 3);
      const open = three.every((s, k) => s.type === 'standard' && !taken.has(s.id) && (k === 0 || s.x - three[k - 1]!.x < 1.3));
      if (three.length === 3 && open) free.push(seat.id);
    });
  }
  if (free.length < least) return undefined;
  return { id: show.id, city, date, zone: show.time_zone, startsAt: show.starts_at, movie, theater: show.theater, seats, free };
}

/** Holds seats by the API, as another customer's browser would. */
export function hold(customer: Customer, show: string, seats: string[]): Promise<Schemas['Booking']> {
  return call('POST', '/v1/bookings', { show_id: show, seats, payment: { provider: 'stripe' } }, customer.token, { 'Idempotency-Key': crypto.randomUUID() });
}

export function booking(customer: Customer, id: string): Promise<Schemas['Booking']> {
  return call('GET', '/v1/bookings/' + id, undefined, customer.token);
}

export function bookings(customer: Customer): Promise<Schemas['BookingPage']> {
  return call('GET', '/v1/bookings', undefined, customer.token);
}

/** Gives a card to the provider's page, as its form does. */
async function giveCard(customer: Customer, held: Schemas['Booking'], number: string): Promise<void> {
  const open = held.payment?.checkout_url ? held : await until(() => booking(customer, held.id), (b) => b.payment?.checkout_url !== undefined);
  const form = new URLSearchParams({ number, expiry: '12/' + ((new Date().getFullYear() % 100) + 3), cvc: '123', name: customer.name });
  const page = await fetch(open.payment!.checkout_url!, { method: 'POST', body: form });
  if (page.status >= 500 || page.status === 404) throw new Error(`the payment page answered ${page.status}: ${await page.text()}`);
}

/** Pays a hold, and waits for the ticket. */
export async function pay(customer: Customer, held: Schemas['Booking']): Promise<Schemas['Booking']> {
  await giveCard(customer, held, '4242424242424242');
  return until(() => booking(customer, held.id), (b) => b.ticket !== undefined);
}

/** The page of a bank that sends its visitor back to us by POST, as a data: address: no site is less ours. */
export function bank(back: string): string {
  const page = `<form method="post" action="${back.replaceAll('&', '&amp;')}"><input name="PaRes" value="x"></form><script>document.forms[0].submit()</script>`;
  return 'data:text/html,' + encodeURIComponent(page);
}

/** Tries to pay with a card that the bank declines. */
export async function payInVain(customer: Customer, held: Schemas['Booking']): Promise<Schemas['Booking']> {
  await giveCard(customer, held, '4000000000000002');
  return until(() => booking(customer, held.id), (b) => b.timeline.some((e) => e.event === 'declined'));
}

/** Cancels a booking by the API, and waits until its money has come back. */
export async function cancel(customer: Customer, id: string): Promise<Schemas['Booking']> {
  await call('POST', `/v1/bookings/${id}/cancel`, {}, customer.token);
  return until(() => booking(customer, id), (b) => b.status === 'cancelled');
}

let staff: Promise<string> | undefined;

/** The token of the demo data's administrator. */
export function administrator(): Promise<string> {
  staff ??= call<{ access_token: string }>('POST', '/v1/sessions', { email: 'admin@boxoffice.example', password: 'popcorn-admin-1' }).then((s) => s.access_token);
  return staff;
}

type Progress = Schemas['ShowChangeProgress'];

/** Cancels a show, as its theater would. */
export async function cancelShow(show: string, reason: string): Promise<Progress> {
  return call('POST', `/v1/admin/shows/${show}/cancel`, { reason }, await administrator());
}

/** Moves a show to a time when its screen is free, and waits until its customers are told. Who does not choose keeps the new time. */
export async function moveShow(show: Show, reason: string): Promise<Progress> {
  const token = await administrator();
  // Halls are full in the daytime; at night there is a gap for sure.
  const minutes = [5, -5, ...Array.from({ length: 40 }, (_, i) => 30 * (i + 1))];
  const moved = await firstFree(minutes, (later) => {
    const starts_at = new Date(Date.parse(show.startsAt) + later * 60_000).toISOString();
    return call<Progress>('POST', `/v1/admin/shows/${show.id}/reschedule`, { starts_at, reason, default: 'keep' }, token, { 'Idempotency-Key': crypto.randomUUID() });
  });
  return until(() => call<Progress>('GET', '/v1/admin/show-changes/' + moved.id, undefined, token), ({ progress }) => progress.told === progress.total);
}

/** The answer to the first of the wishes that is in nobody's way. */
async function firstFree<W, T>(wishes: W[], ask: (wish: W) => Promise<T>): Promise<T> {
  let conflict: unknown;
  for (const wish of wishes) {
    try {
      return await ask(wish);
    } catch (failure) {
      if (!String(failure).includes('answered 409')) throw failure;
      conflict = failure;
    }
  }
  throw conflict;
}

/** Asks until the answer is the wanted one. */
export async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`after ${seconds} s the answer is still ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The demo theater that sells from its own system, as the sandbox knows it. */
const remote = sandbox + '/house/' + remoteTheater;

/** A show there, by the theater's own id, and its price categories. */
interface External {
  id: string;
  categories: string[];
}

interface Program {
  value: { sessionId: string; filmTitle: string; showtimeUtc: string; screenName: string; ticketTypes: { ticketTypeCode: string; priceInCents: number }[] }[];
}

const remoteTaken = new Set<string>();

/** A show of the theater that sells from its own system, days ahead, that no other test of this run has. */
export async function remoteShow(): Promise<{ show: Show; external: External }> {
  const program = (await (await fetch(`${remote}/session/sessions?top=1000`, { headers: { 'X-Access-Token': 'sandbox-theater-token' } })).json()) as Program;
  for (let ahead = 2; ahead < 9; ahead++) {
    const date = new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
    const day = await call<Schemas['TheaterShows']>('GET', `/v1/theaters/${remoteTheater}/shows?date=${date}`);
    for (const { movie, shows } of day.items) {
      for (const show of shows) {
        if (remoteTaken.has(show.id)) continue;
        const seats = await call<SeatMap>('GET', `/v1/shows/${show.id}/seats`);
        const home = { ...show, theater: { slug: remoteTheater, name: 'Copper Kettle, Hackney' } } as unknown as HomeShow;
        const found = suits('london', { date, show: home, movie, shows: 1 }, seats, {}, 20);
        const at = program.value.filter((one) => Date.parse(one.showtimeUtc) === Date.parse(show.starts_at) && one.filmTitle === movie.title);
        if (!found || at.length !== 1) continue;
        // Another test may have changed the prices there, of which our copy is told later.
        if (at[0]!.ticketTypes.some((type) => type.priceInCents !== seats.prices[type.ticketTypeCode]?.amount)) continue;
        remoteTaken.add(show.id);
        return { show: found, external: { id: at[0]!.sessionId, categories: at[0]!.ticketTypes.map((type) => type.ticketTypeCode) } };
      }
    }
  }
  throw new Error('no show at Copper Kettle suits; is the demo data there?');
}

/** What the theater's staff do at its counter: our copy of its seats and prices is told later. */
export async function atCounter(action: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${remote}/counter`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(action) });
  if (!answer.ok) throw new Error(`the counter answered ${answer.status}: ${await answer.text()}`);
}

/** Whether a code opens the theater's door. */
export async function opensDoor(code: string): Promise<boolean> {
  return ((await (await fetch(`${remote}/gate?code=${encodeURIComponent(code)}`)).json()) as { opens: boolean }).opens;
}

/** Makes the demo theater's own system go wrong, until the function that it gives is called. */
export async function atTheater(fault: Record<string, unknown>): Promise<() => Promise<void>> {
  const answer = await fetch(sandbox + '/faults', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ vendor: 'house', site: remoteTheater, ...fault }),
  });
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}: ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  return async () => {
    await fetch(`${sandbox}/faults/${id}`, { method: 'DELETE' });
  };
}

/** Stops the sale of the theater with a system of its own, or lets it go on. */
export async function pauseTheater(paused: boolean): Promise<void> {
  const theater = await call<{ id: string }>('GET', '/v1/theaters/' + remoteTheater);
  await call('POST', `/v1/theaters/${theater.id}/house/pause`, { paused, reason: 'Their server is down.' }, await administrator());
}
