import type { LaterKey } from '../../i18n/later';

/** The parts of the account, in the order of the list; each has an address of its own. */
export const sections = ['profile', 'email', 'password', 'security', 'messages', 'tastes', 'region'] as const;
export type Section = (typeof sections)[number];

/** The part that an address shows; undefined for the list itself. */
export function sectionOf(path: string): Section | undefined {
  return sections.find((name) => path.replace(/\/+$/, '') === '/account/' + name);
}

/** The name of a part, as its heading and in the list. */
export function nameOf(section: Section): LaterKey {
  return `account_${section}`;
}
