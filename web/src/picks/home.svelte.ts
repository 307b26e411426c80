/**
 * The suggestions of the first screen. They come after it and move nothing that is in view: on
 * a phone they stand between the first movies and the others if that place is still below the
 * window when they come, otherwise after the last movie.
 */
import { answered, api } from '../api/client';
import { session } from '../session/session.svelte';
import { below } from './place';
import { Row } from './row.svelte';

const wanted = 10;

/** What a list depends on. */
export interface Asked {
  city: string;
  /** A day that was chosen; without one the next 14 days. */
  date?: string | undefined;
}

/** The row of a city, a day and a person, and where it stands. */
export class Place {
  readonly row: Row;
  /** Undefined until the first answer is there. */
  at = $state<'early' | 'end'>();
  #early: HTMLElement | undefined;

  constructor(asked: Asked) {
    const query = { city: asked.city, limit: wanted, ...(asked.date ? { date: asked.date } : {}) };
    this.row = new Row(
      {
        read: (signal) => answered(api.GET('/v1/me/recommendations', { params: { query }, signal })),
        say: (movie_id, feedback) => answered(api.POST('/v1/me/feedback', { body: { movie_id, feedback } })),
        liked: async () => (await answered(api.GET('/v1/me/preferences'))).liked,
      },
      wanted,
    );
  }

  /** Reads the list, again when it is there. */
  load(): Promise<void> {
    return this.row.load(member());
  }

  /** The place between the first movies and the others, where there is one. */
  early(element: HTMLElement): () => void {
    this.#early = element;
    return () => (this.#early = undefined);
  }

  /** Decides where the row stands, once. */
  settle(): void {
    this.at ??= this.#early && below(this.#early) ? 'early' : 'end';
  }
}

/** Somebody with an account, who can say what they like and find it there again. Guests have no such place. */
export function member(): boolean {
  return session.in && session.account?.guest !== true;
}

let last: { key: string; place: Place } | undefined;

/** The place of a list; the same one after Back, so that the screen is as it was. */
export function placeOf(asked: Asked): Place {
  const key = [asked.city, asked.date, session.id].join(' ');
  if (last?.key !== key) last = { key, place: new Place(asked) };
  return last.place;
}
