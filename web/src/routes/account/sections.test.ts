// @vitest-environment happy-dom
import { expect, test } from 'vitest';

import { words } from '../../i18n/later';
import { routes } from '../../router.svelte';
import { nameOf, sectionOf, sections } from './sections';

test('each part has an address of its own, and a name', () => {
  expect(routes.filter((route) => route.startsWith('/account/')).sort()).toEqual(sections.map((name) => '/account/' + name).sort());
  for (const name of sections) {
    expect(sectionOf('/account/' + name)).toBe(name);
    expect(words.en[nameOf(name)]).not.toBe('');
  }
  expect([sectionOf('/account'), sectionOf('/account/'), sectionOf('/account/email/'), sectionOf('/account/nothing')]).toEqual([undefined, undefined, 'email', undefined]);
});
