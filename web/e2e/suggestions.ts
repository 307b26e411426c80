/** A platform that suggests what a test wants, made of the demo data's real films and shows. */
import type { Page } from 'playwright-core';

import { call, type Schemas } from './platform';

type Answer = Schemas['Recommendations'];
type Item = Answer['items'][number];

export interface Made {
  /** The films that it suggests, in their order; a test may wish others. */
  films: Item[];
  source: Answer['source'];
  /** What it was told: feedback, and reports of what was in view and opened. */
  said: { movie_id: string; feedback: string }[];
  reports: { list_id: string; seen: string[]; opened: string[] }[];
  /** How often the list was asked for. */
  asked: number;
  /** Whether it refuses feedback. */
  refuses: boolean;
}

const reasons: Item['reason']['code'][] = ['because_you_saw', 'because_you_liked', 'your_tastes', 'popular_in_city', 'new', 'explored'];

/** The films of a city on its first day, as they would be suggested. */
async function suggestions(city: string): Promise<Item[]> {
  const home = await call<Schemas['Home']>('GET', `/v1/home?city=${city}&date=${(await call<Schemas['Home']>('GET', '/v1/home?city=' + city)).days[1]!}`);
  return home.movies.map(({ movie, shows }, i) => {
    const code = reasons[i % reasons.length]!;
    const because = { id: home.movies[0]!.movie.id, slug: home.movies[0]!.movie.slug, title: 'Dune: Part 2 (3D)' };
    return {
      position: i + 1,
      movie: { ...movie, languages: movie.languages ?? [] } as unknown as Item['movie'],
      reason: code.startsWith('because') ? { code, movie: because } : { code },
      shows: shows.slice(0, 3).map((show, n) => ({ ...show, habits: i === 0 && n === 0 ? ['theater', 'weekday', 'time'] : [], ...(i === 0 && n === 0 ? { usual_row: 'F' } : {}) })) as unknown as Item['shows'],
    };
  });
}

/** Answers for the platform in a page. */
export async function suggest(page: Page, source: Answer['source'] = 'model', city = 'mumbai'): Promise<Made> {
  const made: Made = { films: await suggestions(city), source, said: [], reports: [], asked: 0, refuses: false };
  const feedback = (movie: string) => made.said.filter((one) => one.movie_id === movie).at(-1)?.feedback;
  const preferences = () => {
    const those = (what: string) => made.films.map((one) => one.movie.id).filter((id) => feedback(id) === what);
    return { version: made.said.length, personalization: true, languages: [], genres: [], certificate: '', accessibility: [], liked: those('like'), not_for_me: those('not_for_me'), left_out: [] };
  };
  const list = (url: string) => {
    const limit = Number(new URL(url).searchParams.get('limit') ?? 10);
    const items = made.films.filter((one) => feedback(one.movie.id) !== 'not_for_me').slice(0, limit);
    return { list_id: 'list-' + ++made.asked, source: made.source, model: 'made', items };
  };
  await page.route('**/v1/me/recommendations?*', (route) => route.fulfill({ json: list(route.request().url()) }));
  await page.route('**/v1/movies/*/similar?*', (route) => route.fulfill({ json: list(route.request().url()) }));
  await page.route('**/v1/me/preferences', (route) => route.fulfill({ json: preferences() }));
  await page.route('**/v1/me/feedback', (route) => {
    if (made.refuses) return route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ code: 'unavailable', title: 'Unavailable', status: 503 }) });
    made.said.push(route.request().postDataJSON() as Made['said'][number]);
    return route.fulfill({ json: preferences() });
  });
  await page.route('**/v1/me/impressions', (route) => {
    made.reports.push(...(route.request().postDataJSON() as { lists: Made['reports'] }).lists);
    return route.fulfill({ status: 204 });
  });
  return made;
}
