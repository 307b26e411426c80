import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const origin = 'https://box.example';
const start = Date.parse('2026-11-27T12:00:00Z');
const header = (at: number) => new Date(at).toUTCString();
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

/** The module keeps a clock and the source of tokens: each test has its own. */
async function fresh() {
  vi.resetModules();
  return import('./client');
}

const fetched = vi.fn<(request: Request, init?: RequestInit) => Promise<Response>>();

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  vi.stubGlobal('location', { origin });
  vi.stubGlobal('fetch', fetched);
  fetched.mockReset();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('failure', () => {
  test.each([
    [409, { code: 'seats_unavailable', title: 'Taken', detail: 'A7 is taken.', seats: ['A7'] }, 'seats_unavailable', 'A7 is taken.', false],
    [429, { code: 'too_many_requests', title: 'Too many' }, 'too_many_requests', 'Too many', true],
    [500, { code: 'internal', title: 'Internal' }, 'internal', 'Internal', true],
    [502, '<html>', 'broken', '', true],
    [404, undefined, 'broken', '', false],
    [404, null, 'broken', '', false],
    [422, {}, 'broken', '', false],
  ])('%i %j', async (status, body, code, detail, passing) => {
    const { failure, Failure } = await fresh();
    const found = failure(status, body);
    expect(found).toBeInstanceOf(Failure);
    expect(found).toMatchObject({ status, code, detail, message: detail, passing });
    expect(found.words('Later.'), 'what the API says is English in each language of the app').toEqual(passing ? { text: 'Later.' } : { text: detail, lang: 'en' });
    expect(found.problem).toEqual(typeof body === 'object' && body !== null ? body : {});
  });
});

describe('answered', () => {
  test('gives the data', async () => {
    const { answered } = await fresh();
    expect(await answered(Promise.resolve({ data: { a: 1 }, response: json(200, {}) }))).toEqual({ a: 1 });
  });

  test('throws what the API says', async () => {
    const { answered } = await fresh();
    const call = answered(Promise.resolve({ error: { code: 'not_found', detail: 'No such show.' }, response: json(404, {}) }));
    await expect(call).rejects.toMatchObject({ code: 'not_found', status: 404, detail: 'No such show.' });
  });

  test('a network error is offline', async () => {
    const { answered, Failure } = await fresh();
    const call = answered(Promise.reject(new TypeError('Failed to fetch')));
    await expect(call).rejects.toBeInstanceOf(Failure);
    await expect(call).rejects.toMatchObject({ code: 'offline', status: 0, passing: true });
  });

  test('a Failure stays as it is', async () => {
    const { answered, Failure } = await fresh();
    const failure = new Failure('forbidden', 403, 'No.');
    await expect(answered(Promise.reject(failure))).rejects.toBe(failure);
  });
});

describe('the clock', () => {
  test('is this one at first', async () => {
    const { serverNow } = await fresh();
    expect(serverNow()).toBe(start);
  });

  // How far the server is ahead, how long each answer took, and what is known after it.
  test.each<[string, [ahead: number, took: number][], number]>([
    ['ahead', [[60_000, 200]], 60_000],
    ['behind', [[-90_000, 200]], -90_000],
    ['less than a second does not matter', [[900, 0]], 0],
    ['a faster answer counts', [[60_400, 400], [60_000, 100]], 60_000],
    ['a slower one does not', [[60_000, 100], [60_900, 1000]], 60_000],
    ['a slower one that is off by no more than its delay does not', [[60_000, 100], [68_000, 15_000]], 60_000],
    ['a clock was set', [[60_000, 100], [0, 1000]], 0],
  ])('%s', async (_, answers, expected) => {
    const { learnClock, serverNow } = await fresh();
    for (const [ahead, took] of answers) {
      // The header is cut to seconds, so that half a second is added.
      const stated = start + took / 2 + ahead - 500;
      const parse = vi.spyOn(Date, 'parse').mockReturnValue(stated);
      learnClock('stated', start, start + took);
      parse.mockRestore();
    }
    expect(serverNow() - start).toBe(expected);
  });

  test.each([[null], [''], ['yesterday']])('is not learned from %j', async (date) => {
    const { learnClock, serverNow } = await fresh();
    learnClock(date, start, start);
    expect(serverNow()).toBe(start);
  });

  test('is learned from each answer, and goes on', async () => {
    const { answered, api, serverNow } = await fresh();
    fetched.mockResolvedValue(new Response('{"items":[]}', { headers: { Date: header(start + 300_000), 'Content-Type': 'application/json' } }));
    await answered(api.GET('/v1/cities'));
    expect(serverNow()).toBe(start + 300_500);
    vi.advanceTimersByTime(1000);
    expect(serverNow()).toBe(start + 301_500);
  });
});

describe('a call', () => {
  const authorization = (n: number) => fetched.mock.calls[n]![0].headers.get('Authorization');

  test('carries the token, but not to log in', async () => {
    const { api, useTokens } = await fresh();
    useTokens(async () => 'one');
    fetched.mockImplementation(async () => json(200, {}));
    await api.GET('/v1/me');
    await api.POST('/v1/browser-sessions', { body: { email: 'a@b.example', password: 'x' } });
    expect([authorization(0), authorization(1)]).toEqual(['Bearer one', null]);
  });

  test('is sent once more with a new token', async () => {
    const { answered, api, useTokens } = await fresh();
    useTokens(async (renew) => (renew ? 'two' : 'one'));
    fetched.mockImplementation(async (request) => (request.headers.get('Authorization') === 'Bearer two' ? json(200, { id: 'me' }) : json(401, {})));
    expect(await answered(api.GET('/v1/me'))).toEqual({ id: 'me' });
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  test('is not sent again without a new token', async () => {
    const { answered, api, useTokens } = await fresh();
    useTokens(async (renew) => (renew ? undefined : 'one'));
    fetched.mockImplementation(async () => json(401, { code: 'unauthenticated' }));
    await expect(answered(api.GET('/v1/me'))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  test('ends with its signal', async () => {
    const { answered, api } = await fresh();
    fetched.mockImplementation((_, init) => new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error))));
    const abort = new AbortController();
    const call = answered(api.GET('/v1/cities', { signal: abort.signal }));
    const refused = expect(call).rejects.toMatchObject({ code: 'offline' });
    await vi.waitFor(() => expect(fetched).toHaveBeenCalled());
    abort.abort();
    await refused;
    expect(fetched.mock.calls[0]![1]!.signal!.aborted).toBe(true);
  });

  test('is not made for a signal that is over', async () => {
    const { api } = await fresh();
    fetched.mockImplementation(async () => json(200, {}));
    await api.GET('/v1/cities', { signal: AbortSignal.abort() }).catch(() => {});
    for (const [, init] of fetched.mock.calls) expect(init!.signal!.aborted).toBe(true);
  });
});

describe('a file', () => {
  test('comes with the token', async () => {
    const { file, useTokens } = await fresh();
    useTokens(async () => 'one');
    fetched.mockResolvedValue(new Response('PDF'));
    expect(await (await file('/v1/bookings/1/ticket.pdf')).text()).toBe('PDF');
    expect(fetched.mock.calls[0]![0].url).toBe(origin + '/v1/bookings/1/ticket.pdf');
    expect(fetched.mock.calls[0]![0].headers.get('Authorization')).toBe('Bearer one');
  });

  test.each([
    [() => Promise.reject(new TypeError('Failed to fetch')), 'offline', 0],
    [() => Promise.resolve(json(404, { code: 'not_found' })), 'not_found', 404],
    [() => Promise.resolve(new Response('<html>', { status: 502 })), 'broken', 502],
  ])('%# fails as calls do', async (answer, code, status) => {
    const { file } = await fresh();
    fetched.mockImplementation(answer);
    await expect(file('/v1/x')).rejects.toMatchObject({ code, status });
  });
});
