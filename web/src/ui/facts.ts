/** How facts of a movie are written. */
import { named } from '../i18n/i18n.svelte';

/** "CBFC U/A 16+" as people say it: U/A 16+. The authority is known where the theater is. */
export function certificate(text: string): string {
  return text.replace(/^(CBFC|BBFC|MPAA?|FSK|ACB|KMRB|EIRIN)\s+/i, (_, who: string) => (who.toUpperCase() === 'FSK' ? 'FSK ' : ''));
}

/** Genres in the language of the app, as they are where it has no word for one. */
export function genres(list: string[]): string[] {
  return list.map((genre) => named('genre_', genre.toLowerCase().replaceAll(/[^a-z]+/g, '_')) ?? genre);
}
