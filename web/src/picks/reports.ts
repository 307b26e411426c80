/**
 * What of the platform's lists was in view and what was opened, so that the platform can learn
 * which suggestions are any good. Each movie of a list is told once, some at a time. Nothing
 * here is ever in a customer's way: what cannot be told is forgotten.
 */
import { answered, api } from '../api/client';

type Seen = 'seen' | 'opened';
type Body = { list_id: string; seen: string[]; opened: string[] };

/** How long a card is in view before it counts as seen, in milliseconds. */
export const long = 1000;
const wait = 5000;
/** The most lists that the API takes at once, and the most pages. */
const most = 20;
const mostPages = 50;

/** Collects reports and sends them. */
export class Reports {
  #waiting = new Map<string, Body>();
  #pages: string[] = [];
  #told = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (lists: Body[], viewed: string[]) => Promise<unknown>) {}

  add(what: Seen, list: string, movie: string): void {
    if (!this.#first(what, list, movie)) return;
    const body = this.#waiting.get(list) ?? { list_id: list, seen: [], opened: [] };
    body[what].push(movie);
    this.#waiting.set(list, body);
  }

  /** The page of a movie was opened. */
  viewed(movie: string): void {
    if (this.#pages.length < mostPages && this.#first('viewed', movie)) this.#pages.push(movie);
  }

  #first(...about: string[]): boolean {
    const name = about.join(' ');
    if (this.#told.has(name)) return false;
    this.#told.add(name);
    this.#timer ??= setTimeout(() => this.flush(), wait);
    return true;
  }

  /** Sends what is waiting, without waiting for the answer. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = [...this.#waiting.values()];
    const pages = this.#pages;
    this.#waiting.clear();
    this.#pages = [];
    for (let i = 0; i < all.length || (i === 0 && pages.length > 0); i += most) this.send(all.slice(i, i + most), i === 0 ? pages : []).catch(() => {});
  }
}

// keepalive: the browser sends it also when the page is closed meanwhile.
export const reports = new Reports((lists, viewed) => answered(api.POST('/v1/me/impressions', { body: { lists, viewed }, keepalive: true })));

interface Card {
  list: string;
  movie: string;
  timer?: ReturnType<typeof setTimeout> | undefined;
}

/** Watches cards: half of one for a second, on a page that is shown, is an impression. */
export class Views {
  #cards = new Map<Element, Card>();
  #inView = new Set<Element>();
  #observer: IntersectionObserver | undefined;

  constructor(private readonly to: Pick<Reports, 'add' | 'flush'>) {}

  /** Watches a card until the answer is called. */
  watch(element: Element, list: string, movie: string): () => void {
    if (!('IntersectionObserver' in window)) return () => {};
    if (!this.#observer) {
      this.#observer = new IntersectionObserver((changes) => this.#changed(changes), { threshold: 0.5 });
      // A page that is made ahead of a visit is hidden, too.
      document.addEventListener('visibilitychange', () => this.#turned());
      addEventListener('pagehide', () => this.to.flush());
    }
    this.#cards.set(element, { list, movie });
    this.#observer.observe(element);
    const opened = (event: Event) => {
      if ((event.target as Element).closest('a')) this.to.add('opened', list, movie);
    };
    element.addEventListener('click', opened);
    return () => {
      this.#stop(element);
      this.#observer?.unobserve(element);
      this.#inView.delete(element);
      this.#cards.delete(element);
      element.removeEventListener('click', opened);
    };
  }

  #changed(changes: Pick<IntersectionObserverEntry, 'target' | 'isIntersecting'>[]): void {
    for (const { target, isIntersecting } of changes) {
      if (isIntersecting) {
        this.#inView.add(target);
        this.#start(target);
      } else {
        this.#inView.delete(target);
        this.#stop(target);
      }
    }
  }

  #turned(): void {
    if (document.visibilityState === 'hidden') {
      for (const element of this.#inView) this.#stop(element);
      this.to.flush();
    } else for (const element of this.#inView) this.#start(element);
  }

  #start(element: Element): void {
    const card = this.#cards.get(element);
    if (!card || card.timer !== undefined || document.visibilityState === 'hidden') return;
    card.timer = setTimeout(() => this.to.add('seen', card.list, card.movie), long);
  }

  #stop(element: Element): void {
    const card = this.#cards.get(element);
    if (!card) return;
    clearTimeout(card.timer);
    card.timer = undefined;
  }
}

const views = new Views(reports);

/** Watches a card of a row until the answer is called. */
export function watch(element: Element, list: string, movie: string): () => void {
  return views.watch(element, list, movie);
}
