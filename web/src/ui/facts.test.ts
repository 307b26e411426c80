import { expect, test } from 'vitest';

import { certificate, genres } from './facts';

test.each([
  ['CBFC U/A 16+', 'U/A 16+'],
  ['CBFC A', 'A'],
  ['BBFC 15', '15'],
  ['MPA PG-13', 'PG-13'],
  ['MPAA R', 'R'],
  ['FSK 12', 'FSK 12'],
  ['fsk 12', 'FSK 12'],
  ['EIRIN G', 'G'],
  ['PG-13', 'PG-13'],
  ['CBFC', 'CBFC'],
  ['', ''],
])('certificate %s', (text, expected) => {
  expect(certificate(text)).toBe(expected);
});

test.each([
  [['Drama', 'war'], ['Drama', 'War']],
  [['Science Fiction'], ['Science fiction']],
  [['science-fiction'], ['Science fiction']],
  [['Mumblecore'], ['Mumblecore']],
  [['फ़िल्म'], ['फ़िल्म']],
  [[], []],
])('genres %j', (list, expected) => {
  expect(genres(list)).toEqual(expected);
});
