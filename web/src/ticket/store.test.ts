// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const idb = vi.hoisted(() => ({ clear: vi.fn(), createStore: vi.fn(), del: vi.fn(), entries: vi.fn(), get: vi.fn(), set: vi.fn() }));
const account = vi.hoisted(() => ({ id: undefined as string | undefined }));
const ticketOf = vi.hoisted(() => vi.fn());
vi.mock('idb-keyval', () => idb);
vi.mock('../session/session.svelte', () => ({ session: account }));
vi.mock('../api/client', () => ({
  api: { GET: (_: string, options: { params: { path: { id: string } } }) => ticketOf(options.params.path.id) },
  answered: (call: unknown) => call,
  file: async () => new Blob(['png'], { type: 'image/png' }),
}));

import { dropTicket, forgetTickets, savedTicket, savedTickets, saveTicket, type SavedTicket } from './store';

const never = () => new Promise<never>(() => {});
const now = Date.parse('2026-11-27T12:00:00Z');
const next = 'boxoffice.next-ticket';

/** A show in some hours. */
const show = (hours: number) => ({ starts_at: new Date(now + hours * 3600_000).toISOString(), ends_at: new Date(now + (hours + 2) * 3600_000).toISOString() });
const ticket = (booking: string, hours: number, of = 'me') => ({ account: of, booking, serial: 'S', show: show(hours), seats: ['A1'], image: 'data:', savedAt: now }) as unknown as SavedTicket;

let rows: Map<string, SavedTicket>;

beforeEach(() => {
  vi.useFakeTimers({ now, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  localStorage.clear();
  account.id = 'me';
  rows = new Map();
  ticketOf.mockReset();
  for (const stub of Object.values(idb)) stub.mockReset();
  idb.get.mockImplementation(async (id: string) => rows.get(id));
  idb.set.mockImplementation(async (id: string, value: SavedTicket) => void rows.set(id, value));
  idb.del.mockImplementation(async (id: string) => void rows.delete(id));
  idb.entries.mockImplementation(async () => [...rows]);
  idb.clear.mockImplementation(async () => rows.clear());
});

afterEach(() => {
  vi.useRealTimers();
});

async function save(booking: string, hours: number): Promise<SavedTicket> {
  ticketOf.mockResolvedValue({ serial: 'S-' + booking, show: show(hours), seats: ['A1'] });
  return saveTicket({ id: booking });
}

const kept = () => (JSON.parse(localStorage.getItem(next) ?? 'null') as SavedTicket | null)?.booking;

describe('a database that answers', () => {
  test('keeps the codes of a theater that sells from its own system, in the order of the seats', async () => {
    ticketOf.mockResolvedValue({ serial: 'S-1', show: show(5), seats: ['C7', 'C10'], theater_number: 'WKX7Q2', theater_codes: { C10: '9401', C7: '9400' } });
    const saved = await saveTicket({ id: '1' });
    expect(saved.number).toBe('WKX7Q2');
    expect(saved.codes?.map(({ seat, code }) => [seat, code])).toEqual([['C7', '9400'], ['C10', '9401']]);
    expect(saved.codes?.every(({ image }) => image.startsWith('data:image/png'))).toBe(true);
    expect(rows.get('1')).toEqual(saved);
  });

  test('keeps no ticket that was opened by a link', async () => {
    account.id = undefined;
    ticketOf.mockResolvedValue({ serial: 'S-1', show: show(5), seats: ['A1'], read_only: true });
    const shown: SavedTicket[] = [];
    expect(await saveTicket({ id: '1' }, (ticket) => shown.push(ticket))).toMatchObject({ serial: 'S-1', readOnly: true });
    expect(shown).toHaveLength(1);
    expect([rows.size, kept()]).toEqual([0, undefined]);
  });

  test('keeps a ticket with all of its screen', async () => {
    const saved = await save('1', 5);
    expect(saved).toMatchObject({ account: 'me', booking: '1', serial: 'S-1', seats: ['A1'], show: show(5), savedAt: now });
    expect(saved.image).toMatch(/^data:image\/png;base64,/);
    expect(await savedTicket('1')).toEqual(saved);
    expect(await savedTicket('2')).toBeUndefined();
  });

  test('lists the next show first, each ticket once', async () => {
    await save('b', 9);
    await save('a', 5);
    await save('c', 20);
    expect((await savedTickets()).map((t) => t.booking)).toEqual(['a', 'b', 'c']);
  });

  test('drops one', async () => {
    await save('a', 5);
    await save('b', 9);
    await dropTicket('a');
    expect(kept()).toBeUndefined();
    expect((await savedTickets()).map((t) => t.booking)).toEqual(['b']);
  });

  test('forgets all', async () => {
    await save('a', 5);
    await save('b', 9);
    await forgetTickets();
    expect(await savedTickets()).toEqual([]);
    expect(localStorage.length).toBe(0);
  });
});

describe('the ticket in localStorage', () => {
  test.each([
    ['the next show', 9, 5, 'new'],
    ['not a later one', 5, 9, 'old'],
    ['a later one when the other is over', -3, 9, 'new'],
    ['a later one while the other runs', -1, 9, 'old'],
  ])('is that of %s', async (_, old, later, expected) => {
    await save('old', old);
    await save('new', later);
    expect(kept()).toBe(expected);
  });

  test('is renewed', async () => {
    await save('a', 5);
    await save('a', 7); // the show was moved
    expect((JSON.parse(localStorage.getItem(next)!) as SavedTicket).show.starts_at).toBe(show(7).starts_at);
  });

  test('gives way to that of another account', async () => {
    localStorage.setItem(next, JSON.stringify(ticket('theirs', 3, 'another')));
    await save('mine', 5);
    expect(kept()).toBe('mine');
  });

  test.each(['{', 'null', '""'])('%s counts as none', async (text) => {
    localStorage.setItem(next, text);
    expect(await savedTickets()).toEqual([]);
    expect(await savedTicket('1')).toBeUndefined();
  });
});

describe('accounts', () => {
  beforeEach(() => {
    rows.set('mine', ticket('mine', 5));
    rows.set('theirs', ticket('theirs', 4, 'another'));
    localStorage.setItem(next, JSON.stringify(ticket('next', 3, 'another')));
  });

  test.each<[string | undefined, string[]]>([
    ['me', ['mine']],
    ['another', ['next', 'theirs']],
    ['a third', []],
    [undefined, []],
  ])('%s sees %j', async (id, expected) => {
    account.id = id;
    expect((await savedTickets()).map((t) => t.booking)).toEqual(expected);
    for (const booking of ['mine', 'theirs', 'next']) expect((await savedTicket(booking))?.booking).toBe(expected.includes(booking) ? booking : undefined);
  });
});

describe('a database that never answers', () => {
  beforeEach(() => {
    for (const name of ['get', 'set', 'del', 'entries', 'clear'] as const) idb[name].mockImplementation(never);
  });

  /** The answer must be there after the patience, and not before. */
  async function patient<T>(work: Promise<T>): Promise<T> {
    let over = false;
    void work.finally(() => (over = true));
    await vi.advanceTimersByTimeAsync(2900);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(over).toBe(true);
    return work;
  }

  test('still gives the next ticket', async () => {
    localStorage.setItem(next, JSON.stringify(ticket('a', 5)));
    expect((await patient(savedTicket('a')))?.booking).toBe('a');
    expect((await patient(savedTickets())).map((t) => t.booking)).toEqual(['a']);
  });

  test('drops and forgets', async () => {
    localStorage.setItem(next, JSON.stringify(ticket('a', 5)));
    await patient(dropTicket('a'));
    expect(kept()).toBeUndefined();
    localStorage.setItem(next, JSON.stringify(ticket('a', 5)));
    await patient(forgetTickets());
    expect(kept()).toBeUndefined();
  });

  test('saves the next ticket', async () => {
    const saving = save('a', 5);
    await vi.waitFor(() => expect(idb.set).toHaveBeenCalled());
    expect(kept()).toBe('a');
    expect((await patient(saving)).booking).toBe('a');
  });
});

describe.each([
  ['refuses', () => Promise.reject(new Error('no'))],
  ['throws', () => { throw new Error('no'); }],
])('a database that %s', (_, work) => {
  beforeEach(() => {
    for (const name of ['get', 'set', 'del', 'entries', 'clear'] as const) idb[name].mockImplementation(work);
  });

  test('costs no time', async () => {
    expect((await save('a', 5)).booking).toBe('a');
    expect((await savedTicket('a'))?.booking).toBe('a');
    expect((await savedTickets()).map((t) => t.booking)).toEqual(['a']);
    await dropTicket('a');
    await forgetTickets();
    expect(await savedTickets()).toEqual([]);
  });
});
