/** The city that the customer looks at: in the address when it was chosen there, else the one of the last time, else the account's. */
import { answered, api, type Schemas } from '../api/client';
import { router } from '../router.svelte';
import { session } from '../session/session.svelte';

export type City = Schemas['City'];

const place = 'boxoffice.city';
let all = $state.raw<City[]>([]);
let last = $state(stored());

function stored(): string | undefined {
  try {
    return localStorage.getItem(place) ?? undefined;
  } catch {
    return undefined;
  }
}

export const cities = {
  get all() {
    return all;
  },
  /** The slug, undefined until the cities are known. */
  get here(): string | undefined {
    const asked = router.place.query.get('city') ?? last ?? session.account?.home_city;
    if (asked && (all.length === 0 || all.some((c) => c.slug === asked))) return asked;
    return nearest(all)?.slug;
  },
  choose(slug: string) {
    last = slug;
    try {
      localStorage.setItem(place, slug);
    } catch {
      // The choice lasts as long as this visit.
    }
  },
};

/** A first guess without asking for a place: a city in the browser's own time zone, else the first. */
export function nearest(cities: City[], zone = Intl.DateTimeFormat().resolvedOptions().timeZone): City | undefined {
  return cities.find((c) => c.time_zone === zone) ?? cities[0];
}

/** Fetches the cities once. */
export async function loadCities(): Promise<void> {
  if (all.length > 0) return;
  const answer = await answered(api.GET('/v1/cities'));
  all = answer.items;
}
