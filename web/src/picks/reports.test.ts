// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { long, Reports, Views } from './reports';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What was sent, one text for each request. */
function sender(fails = false) {
  const sent: string[] = [];
  const reports = new Reports(async (lists, viewed) => {
    sent.push(lists.map((one) => `${one.list_id} seen ${one.seen.join()} opened ${one.opened.join()}`).join('; ') + viewed.map((one) => ` page ${one}`).join(''));
    if (fails) throw new Error('offline');
  });
  return { sent, reports };
}

test('what comes within five seconds is one request, each movie of a list once', async () => {
  const { sent, reports } = sender();
  reports.add('seen', 'a', '1');
  await vi.advanceTimersByTimeAsync(4000);
  for (const movie of ['2', '1', '2']) reports.add('seen', 'a', movie);
  reports.add('opened', 'a', '1');
  reports.add('seen', 'b', '1');
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(sent).toEqual(['a seen 1,2 opened 1; b seen 1 opened ']);
  reports.add('seen', 'a', '1'); // told already
  reports.add('seen', 'a', '3');
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent.slice(1)).toEqual(['a seen 3 opened ']);
});

test('pages of movies are told once, alone or with lists', async () => {
  const { sent, reports } = sender();
  for (const movie of ['1', '2', '1']) reports.viewed(movie);
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual([' page 1 page 2']);
  reports.viewed('1');
  reports.viewed('3');
  reports.add('seen', 'a', '3');
  reports.flush();
  expect(sent.slice(1)).toEqual(['a seen 3 opened  page 3']);
  reports.flush();
  expect(sent).toHaveLength(2);
});

test('the API takes twenty lists at once, and a failure is no one’s trouble', async () => {
  const { sent, reports } = sender(true);
  for (let i = 0; i < 21; i++) reports.add('seen', 'l' + i, '1');
  reports.flush();
  expect(sent.map((one) => one.split(';').length)).toEqual([20, 1]);
  await vi.advanceTimersByTimeAsync(60_000);
  reports.flush();
  expect(sent).toHaveLength(2);
});

/** Cards on a page that is shown or hidden, and the browser's observer in our hands. */
function stand() {
  let tell: IntersectionObserverCallback = () => {};
  const watched = new Set<Element>();
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: IntersectionObserverCallback, options: IntersectionObserverInit) {
        expect(options.threshold).toBe(0.5);
        tell = callback;
      }
      observe = (element: Element) => watched.add(element);
      unobserve = (element: Element) => watched.delete(element);
    },
  );
  const page = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
  const show = (state: DocumentVisibilityState) => {
    page.mockReturnValue(state);
    document.dispatchEvent(new Event('visibilitychange'));
  };
  const { sent, reports } = sender();
  const views = new Views(reports);
  const element = document.createElement('li');
  element.innerHTML = '<a href="/movies/dune"><b>Dune</b></a><button>Like</button>';
  const inView = (isIntersecting: boolean) => tell([{ target: element, isIntersecting } as unknown as IntersectionObserverEntry], {} as IntersectionObserver);
  return { views, element, inView, show, page, sent, watched };
}

test('half of a card for a second is an impression, less is none', async () => {
  const { views, element, inView, sent, watched } = stand();
  const end = views.watch(element, 'a', '1');
  inView(true);
  await vi.advanceTimersByTimeAsync(long - 1);
  inView(false);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual([]);
  inView(true);
  await vi.advanceTimersByTimeAsync(long + 5000);
  expect(sent).toEqual(['a seen 1 opened ']);
  end();
  expect(watched.size).toBe(0);
});

test('a hidden page and one that is made ahead count nothing; what waits is sent when the page is hidden', async () => {
  const { views, element, inView, show, page, sent } = stand();
  page.mockReturnValue('hidden');
  views.watch(element, 'a', '1');
  inView(true);
  await vi.advanceTimersByTimeAsync(10_000);
  show('visible');
  await vi.advanceTimersByTimeAsync(long - 1);
  show('hidden');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual([]);
  show('visible');
  await vi.advanceTimersByTimeAsync(long);
  show('hidden');
  expect(sent).toEqual(['a seen 1 opened ']);
});

test('a link that was followed counts as opened, a button does not', async () => {
  const { views, element, sent } = stand();
  views.watch(element, 'a', '1');
  element.querySelector('button')!.click();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual([]);
  element.querySelector('b')!.dispatchEvent(new Event('click', { bubbles: true }));
  await vi.advanceTimersByTimeAsync(5000);
  expect(sent).toEqual(['a seen  opened 1']);
});

test('a card that is gone is not seen', async () => {
  const { views, element, inView, sent } = stand();
  const end = views.watch(element, 'a', '1');
  inView(true);
  end();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual([]);
});
