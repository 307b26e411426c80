/**
 * Things that are slow to make and the same each time, such as the formats of Intl: the
 * first of a kind takes a phone milliseconds, and a hall has 400 prices.
 */
const things = new Map<string, unknown>();

/** The thing of that name; made when it is asked for the first time. The name says all that it depends on. */
export function kept<T>(name: string, make: () => T): T {
  if (!things.has(name)) things.set(name, make());
  return things.get(name) as T;
}
