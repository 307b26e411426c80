import { describe, expect, test } from 'vitest';

import { lettering, poster } from './poster';

const wide = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uff00-\uff60]|\p{Extended_Pictographic}/u;
const genres = ['Action', 'Comedy', 'Drama', 'Horror', 'Romance', 'Science Fiction', 'Crime', 'Music', 'History'];

interface Line {
  text: string;
  x: number;
  y: number;
  size: number;
  rtl: boolean;
}

function linesOf(svg: string): Line[] {
  return [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="(\d+)" direction="(ltr|rtl)">([^<]*)<\/text>/g)].map((m) => ({
    x: Number(m[1]),
    y: Number(m[2]),
    size: Number(m[3]),
    rtl: m[4] === 'rtl',
    text: m[5]!.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code))),
  }));
}

/** A generous guess: half a size for a letter of a narrow face, a whole one for a wide sign. */
function widthOf(line: Line): number {
  return [...line.text].reduce((n, sign) => n + (wide.test(sign) ? line.size : line.size / 2), 0);
}

describe('poster', () => {
  test('the same movie is the same picture', () => {
    const film = { title: 'Heat', year: 1995, genres: ['Crime', 'Drama'] };
    expect(poster({ ...film, genres: [...film.genres] })).toBe(poster(film));
  });

  test('the year makes another picture', () => {
    expect(poster({ title: 'Dune', year: 1984, genres: ['Drama'] })).not.toBe(poster({ title: 'Dune', year: 2021, genres: ['Drama'] }));
  });

  test('sixty movies are sixty pictures, also without their titles', () => {
    const art = (svg: string) => svg.replace(/<text.*?<\/text>/g, '');
    const all = Array.from({ length: 60 }, (_, i) => art(poster({ title: 'Movie ' + i, year: 2000 + (i % 3), genres: [genres[i % 9]!] })));
    expect(new Set(all).size).toBe(60);
  });

  test.each([...genres, 'Unheard of', undefined])('is well formed: %s', (genre) => {
    const svg = poster({ title: 'A <b> & "c"', genres: genre ? [genre] : [] });
    expect(svg).toMatch(/^<svg .*<\/svg>$/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const opened = [...svg.matchAll(/<(\w+)[^>]*?(\/?)>/g)].filter((m) => m[2] === '').map((m) => m[1]);
    const closed = [...svg.matchAll(/<\/(\w+)>/g)].map((m) => m[1]);
    expect(opened.sort()).toEqual(closed.sort());
  });
});

describe('lettering', () => {
  const set = (title: string) => linesOf(lettering(title, '#000', '#fff'));

  test.each([
    ['&', '&#38;'],
    ['<', '&#60;'],
    ['>', '&#62;'],
    ['"', '&#34;'],
  ])('escapes %s', (sign, code) => {
    expect(lettering(`a${sign}b`, '#000', '#fff')).toContain(`>a${code}b</text>`);
  });

  test.each([
    ['It'],
    [''],
    ['  Heat  '],
    ['The Good, the Bad and the Ugly'],
    ['Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb'],
    ['Night of the Day of the Dawn of the Son of the Bride of the Return of the Revenge of the Terror of the Attack'],
    ['Supercalifragilisticexpialidocious'],
    ['x'.repeat(200)],
    ['卧虎藏龙'],
    ['千と千尋の神隠し'],
    ['你'.repeat(23)],
    ['我的父亲母亲和他们的朋友在一个很远很远的小村庄里度过的那个难忘的夏天与冬天的故事'],
    ['기생충'],
    ['حرب النجوم: عودة الجيداي'],
    ['الف ليلة وليلة في المدينة القديمة التي لا تنام أبدا'],
    ['दिलवाले दुल्हनिया ले जायेंगे'],
    ['🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬🎬'],
  ])('fits: %s', (title) => {
    const found = set(title);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(5);
    for (const line of found) {
      const [left, right] = line.rtl ? [line.x - widthOf(line), line.x] : [line.x, line.x + widthOf(line)];
      expect(left, line.text).toBeGreaterThanOrEqual(0);
      expect(right, line.text).toBeLessThanOrEqual(120);
      expect(line.y - line.size).toBeGreaterThanOrEqual(0);
      expect(line.y).toBeLessThanOrEqual(175);
      expect(line.size).toBeGreaterThanOrEqual(8);
    }
  });

  test.each(['Heat', 'The Good, the Bad and the Ugly', 'Supercalifragilisticexpialidocious', '千と千尋の神隠し', '你'.repeat(23), 'حرب النجوم'])('says all of it: %s', (title) => {
    const said = set(title).map((line) => line.text).join('');
    expect(said.replaceAll(' ', '')).toBe(title.replaceAll(' ', ''));
  });

  test.each([4, 5, 6, 7, 20])('%i long words have five lines at most', (count) => {
    const found = set('abcdefghij '.repeat(count).trim());
    expect(found).toHaveLength(Math.min(count, 5));
    expect(found.at(-1)!.text.endsWith('…')).toBe(count > 5);
  });

  test('marks what is left out', () => {
    expect(set('word '.repeat(40)).at(-1)!.text).toMatch(/…$/);
    expect(set('Heat').at(-1)!.text).not.toContain('…');
  });

  test.each([
    ['حرب النجوم', true],
    ['2: حرب', true],
    ['שלום', true],
    ['Lawrence of العرب', false],
    ['卧虎藏龙', false],
  ])('%s from right to left: %s', (title, rtl) => {
    expect(set(title)[0]!.rtl).toBe(rtl);
  });

  test('vowel signs stay with their letter', () => {
    for (const line of set('क' + 'कि'.repeat(40))) expect(line.text.replace('…', '')).toMatch(/^\P{M}/u);
  });
});
