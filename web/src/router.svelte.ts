/**
 * Where the customer is. The address says it; the History API carries it, since
 * Safari before 26.2 has no Navigation API. The server knows the same addresses
 * (web/routes.go).
 */

/** An address as it is now, with the parts of its path that have names. */
export interface Place {
  route: string;
  params: Record<string, string>;
  query: URLSearchParams;
  path: string;
}

/** Routes in the order in which they are tried. */
export const routes = [
  '/',
  '/search',
  '/movies/:id',
  '/theaters/:id',
  '/shows/:id',
  '/checkout/:id',
  '/bookings',
  '/bookings/:id',
  '/bookings/:id/cancel',
  '/bookings/:id/choice',
  '/tickets',
  '/tickets/:id',
  '/account',
  '/account/profile',
  '/account/email',
  '/account/password',
  '/account/security',
  '/account/messages',
  '/account/tastes',
  '/account/region',
  '/login',
  '/signup',
  '/guest',
  '/verify',
  '/reset',
  '/email-undo',
  '/about',
] as const;

export type Route = (typeof routes)[number] | 'unknown';

/** Finds the route of an address. */
export function match(path: string): { route: Route; params: Record<string, string> } {
  const given = split(path);
  for (const route of routes) {
    const wanted = split(route);
    if (wanted.length !== given.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((part, i) => {
      if (!part.startsWith(':')) return part === given[i];
      params[part.slice(1)] = decoded(given[i]!);
      return true;
    });
    if (fits) return { route, params };
  }
  return { route: 'unknown', params: {} };
}

function split(path: string): string[] {
  return path.split('/').filter(Boolean);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function here(): Place & { route: Route } {
  return { ...match(location.pathname), query: new URLSearchParams(location.search), path: location.pathname };
}

let place = $state.raw(here());

/** The place that is shown. */
export const router = {
  get place() {
    return place;
  },
};

const scrolls = new Map<string, number>();
let current = key();

interface Options {
  /** Replaces the address, so that Back does not come here again. */
  replace?: boolean;
  /** Keeps the scroll position: the screen is the same. */
  stay?: boolean;
}

/** Goes to an address of the app. */
export function go(address: string, options: Options = {}): void {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) {
    location.assign(url);
    return;
  }
  scrolls.set(current, scrollY);
  const state = { key: String(Date.now()) + Math.random() };
  if (options.replace) history.replaceState(state, '', url);
  else history.pushState(state, '', url);
  current = state.key;
  show(() => {
    if (!options.stay) scrollTo(0, 0);
  });
}

/** Changes parts of the query; an empty value takes its part out. */
export function query(changes: Record<string, string | undefined>, options: Options = { replace: true, stay: true }): void {
  go(withQuery(changes), options);
}

/** The address here with other parts in its query. */
export function withQuery(changes: Record<string, string | undefined>): string {
  const next = new URLSearchParams(place.query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  const text = next.toString();
  return place.path + (text ? '?' + text : '');
}

function key(): string {
  return (history.state as { key?: string } | null)?.key ?? 'first';
}

function show(then: () => void): void {
  const before = place.path;
  const change = () => {
    place = here();
  };
  const moves = place.path !== location.pathname && !matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (moves && 'startViewTransition' in document) {
    const transition = document.startViewTransition(async () => {
      change();
      await new Promise((done) => setTimeout(done));
      then();
    });
    // A transition that is skipped, since another one came, is no fault.
    transition.ready.catch(() => {});
    transition.finished.catch(() => {});
  } else {
    change();
    setTimeout(then);
  }
  if (before !== location.pathname) setTimeout(focusPage, 50);
}

/** Tells a screen reader that the page is another one, as a page load would. */
function focusPage(): void {
  const main = document.querySelector<HTMLElement>('main');
  if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

/** Listens to links and to Back. */
export function start(): () => void {
  history.scrollRestoration = 'manual';
  const click = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (match(link.pathname).route === 'unknown') return; // the API's pages
    event.preventDefault();
    if (link.hash && link.pathname === location.pathname) {
      document.querySelector(link.hash)?.scrollIntoView();
      return;
    }
    go(link.href, { replace: link.dataset.replace !== undefined, stay: link.dataset.stay !== undefined });
  };
  const back = () => {
    scrolls.set(current, scrollY);
    current = key();
    const y = scrolls.get(current) ?? 0;
    show(() => setTimeout(() => scrollTo(0, y), 30));
  };
  document.addEventListener('click', click);
  addEventListener('popstate', back);
  return () => {
    document.removeEventListener('click', click);
    removeEventListener('popstate', back);
  };
}
