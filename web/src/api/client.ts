/**
 * The one client of the API. Each call answers with what the document says, or
 * throws a Failure that a screen can show.
 */
import createClient, { type Middleware } from 'openapi-fetch';

import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** Why a call did not work, in a form that screens can tell apart. */
export class Failure extends Error {
  constructor(
    /** A code of the API, or `offline`, or `broken` when the answer was no answer of the API. */
    readonly code: string,
    readonly status: number,
    /** What the API says, in English. */
    readonly detail: string,
    readonly problem: Partial<Schemas['Problem']> = {},
  ) {
    super(detail);
  }

  /** Whether the same call may work later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What to tell the reader: the app's words when the same call may work later, otherwise what the API says. */
  words(later: string): Words {
    return this.passing ? { text: later } : { text: this.detail, lang: 'en' };
  }
}

/** A text, and its language when that is not the app's, so that it is read aloud as what it is. */
export interface Words {
  text: string;
  lang?: 'en';
}

/** Gives the bearer token of a call, or nothing. Set by session, which uses this client itself. */
type Tokens = (renew: boolean) => Promise<string | undefined>;
let tokens: Tokens = async () => undefined;

export function useTokens(source: Tokens): void {
  tokens = source;
}

/** How far the server's clock is ahead of this one, in milliseconds. */
let ahead = 0;
let closest = Infinity;

/** The time on the server, in milliseconds: phones may be minutes off. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Learns the server's clock from an answer. The fastest answer is the best one. */
export function learnClock(date: string | null, sent: number, received: number): void {
  const stated = date ? Date.parse(date) : NaN;
  if (Number.isNaN(stated)) return;
  const took = received - sent;
  // The header has whole seconds, so it says the time half a second late on average.
  const offset = stated + 500 - (sent + took / 2);
  // A slower one counts when it cannot be explained by its own delay: a clock was set.
  if (took <= closest || Math.abs(offset - ahead) > 2000 + took / 2) {
    closest = took;
    ahead = Math.abs(offset) < 1000 ? 0 : offset;
  }
}

/** Whether a call is about somebody. The others go without a token, so that trouble with accounts stops no reader. */
function personal(path: string, method: string): boolean {
  return /^\/v1\/(bookings|me)(\/|$)|\/similar$/.test(path) || path === '/v1/accounts/verify' || (method !== 'GET' && path.startsWith('/v1/movies/'));
}

const authorize: Middleware = {
  async onRequest({ request, schemaPath }) {
    if (!personal(schemaPath, request.method)) return undefined;
    const token = await tokens(false);
    if (token) request.headers.set('Authorization', 'Bearer ' + token);
    return request;
  },
};

/** Tells whether a read may succeed by a booking's link, without a token. Set by booking/link.ts. */
let linked: (url: string) => boolean = () => false;

export function useLinks(source: (url: string) => boolean): void {
  linked = source;
}

const timeout = 20_000;

async function send(request: Request): Promise<Response> {
  const sent = Date.now();
  const signal = limited(request.signal);
  const again = request.clone();
  let response = await fetch(request, { signal });
  if (response.status === 401 && request.headers.has('Authorization')) {
    const token = await tokens(true);
    if (token) again.headers.set('Authorization', 'Bearer ' + token);
    else again.headers.delete('Authorization'); // the link of a booking opens it without
    if (token || (request.method === 'GET' && linked(request.url))) response = await fetch(again, { signal });
  }
  learnClock(response.headers.get('Date'), sent, Date.now());
  return response;
}

/** Ends with the caller's signal or after the longest wait. AbortSignal.any is too new for the oldest browsers. */
function limited(caller: AbortSignal): AbortSignal {
  const abort = new AbortController();
  for (const signal of [caller, AbortSignal.timeout(timeout)]) {
    if (signal.aborted) abort.abort(signal.reason);
    signal.addEventListener('abort', () => abort.abort(signal.reason), { once: true, signal: abort.signal });
  }
  return abort.signal;
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });
api.use(authorize);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Waits for a call; throws a Failure when it did not work. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('offline', 0, 'There is no connection.');
  }
  if (answer.response.ok) return answer.data as T;
  throw failure(answer.response.status, answer.error);
}

/** Makes a Failure of an answer. */
export function failure(status: number, body: unknown): Failure {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Partial<Schemas['Problem']>;
  return new Failure(problem.code ?? 'broken', status, problem.detail ?? problem.title ?? '', problem);
}

/** Fetches a file of the API, such as a ticket's PDF. */
export async function file(path: string): Promise<Blob> {
  const headers = new Headers();
  const token = await tokens(false);
  if (token) headers.set('Authorization', 'Bearer ' + token);
  let response: Response;
  try {
    response = await send(new Request(location.origin + path, { headers }));
  } catch {
    throw new Failure('offline', 0, 'There is no connection.');
  }
  if (!response.ok) throw failure(response.status, await response.json().catch(() => undefined));
  return response.blob();
}

/** Opens a stream of the API that needs a token, which EventSource cannot send. */
export async function stream(path: string, signal: AbortSignal): Promise<Response> {
  const headers = new Headers({ Accept: 'text/event-stream' });
  const token = await tokens(false);
  if (token) headers.set('Authorization', 'Bearer ' + token);
  const response = await fetch(location.origin + path, { headers, signal });
  if (!response.ok) throw failure(response.status, await response.json().catch(() => undefined));
  return response;
}
