/**
 * Posters for movies that have none: the genre gives the composition, the year
 * the palette, the title the seed. The same movie is the same picture
 * everywhere, and two movies are two pictures.
 */
export interface Film {
  title: string;
  year?: number | undefined;
  genres: string[];
}

type Palette = readonly [ground: string, first: string, second: string, light: string];

const palettes: Palette[] = [
  ['#1d2b3a', '#e8b04b', '#d9503c', '#f4ebd9'],
  ['#2b1b2e', '#f2a65a', '#e4572e', '#f6e7cb'],
  ['#0f2e2b', '#f5c14e', '#e36a3d', '#efe8d6'],
  ['#3a1410', '#f0b23e', '#b5402a', '#e9e1cf'],
  ['#16213e', '#9cc5a1', '#f0c05a', '#ede6d6'],
  ['#2e2a25', '#c9d6c2', '#e7a33e', '#f3ecdd'],
  ['#22303c', '#c44536', '#7fa99b', '#e5d9bc'],
  ['#1e2430', '#d98e73', '#6f8fa6', '#efe4d2'],
];

const width = 120;
const height = 180;

interface Brush {
  /** A number from 0 up to but not including 1, the same row of them for the same movie. */
  random: () => number;
  /** A number between two, with one digit behind the point. */
  between: (from: number, to: number) => number;
  ground: string;
  first: string;
  second: string;
  light: string;
}

/** The poster as SVG. */
export function poster(film: Film): string {
  const random = randoms(film.title + (film.year ?? ''));
  const [ground, first, second, light] = palettes[((film.year ?? 0) + Math.floor(random() * palettes.length)) % palettes.length]!;
  const between = (from: number, to: number) => Math.round((from + random() * (to - from)) * 10) / 10;
  const art = composition(film.genres)({ random, between, ground, first, second, light });
  return (
    `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="xMidYMid slice">` +
    `<rect width="${width}" height="${height}" fill="${ground}"/>${art}${lettering(film.title, ground, light)}</svg>`
  );
}

/** Numbers by a seed (splitmix over FNV-1a of the text). */
function randoms(seed: string): () => number {
  let h = 2166136261;
  for (const sign of seed) {
    h ^= sign.codePointAt(0)!;
    h = Math.imul(h, 16777619);
  }
  return () => {
    h = (h + 0x9e3779b9) | 0;
    let x = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    return ((x ^ (x >>> 15)) >>> 0) / 4294967296;
  };
}

type Composition = (brush: Brush) => string;

const compositions: [RegExp, Composition][] = [
  [/horror/i, rings],
  [/sci|fantasy/i, horizon],
  [/action|war|western/i, rays],
  [/romance/i, pair],
  [/comedy|family|animation/i, confetti],
  [/crime|thriller|mystery/i, blinds],
  [/music|dance/i, waves],
  [/adventure|history/i, hills],
];

function composition(genres: string[]): Composition {
  for (const genre of genres) {
    const found = compositions.find(([pattern]) => pattern.test(genre));
    if (found) return found[1];
  }
  return city;
}

function rays({ random, between, first, second, light }: Brush): string {
  const x = between(24, 96);
  const y = between(40, 90);
  const count = 6 + Math.floor(random() * 5);
  let out = '';
  for (let i = 0; i < count; i++) {
    const from = (i / count) * Math.PI * 2 + random() * 0.4;
    const to = from + 0.2 + random() * 0.25;
    const point = (angle: number) => `${(x + 260 * Math.cos(angle)).toFixed(1)} ${(y + 260 * Math.sin(angle)).toFixed(1)}`;
    out += `<path d="M${x} ${y}L${point(from)} ${point(to)}Z" fill="${i % 2 ? first : second}"/>`;
  }
  return out + `<circle cx="${x}" cy="${y}" r="${between(12, 24)}" fill="${light}"/>`;
}

function horizon({ between, ground, first, second }: Brush): string {
  const x = between(30, 90);
  const y = between(50, 80);
  const r = between(30, 52);
  let out = `<circle cx="${x}" cy="${y}" r="${r}" fill="${first}"/><circle cx="${x + r * 0.4}" cy="${y - r * 0.12}" r="${r}" fill="${ground}" opacity=".6"/>`;
  for (let i = 0; i < 5; i++) {
    const at = y + r * 0.7 + i * i * 3.5;
    out += `<path d="M0 ${at}Q${between(30, 90)} ${at + between(-12, 12)} 120 ${at}V180H0Z" fill="${i % 2 ? second : ground}" opacity="${(0.4 + 0.1 * i).toFixed(1)}"/>`;
  }
  return out;
}

function pair({ between, first, second, light }: Brush): string {
  const x = between(46, 74);
  const r = between(28, 40);
  return (
    `<circle cx="${x - 18}" cy="${between(60, 84)}" r="${r}" fill="${first}"/>` +
    `<circle cx="${x + 20}" cy="${between(64, 96)}" r="${r}" fill="${second}" opacity=".85"/>` +
    `<path d="M0 128Q60 ${between(108, 132)} 120 128V180H0Z" fill="${light}" opacity=".9"/>`
  );
}

function rings({ between, ground, first, second, light }: Brush): string {
  const x = between(44, 76);
  const y = between(66, 96);
  const wide = between(5, 9);
  let out = '';
  for (let i = 10; i > 0; i--) {
    out += `<ellipse cx="${x}" cy="${y}" rx="${i * wide}" ry="${i * 12}" fill="${i % 2 ? ground : i % 4 ? first : second}"/>`;
  }
  return out + `<circle cx="${x}" cy="${y}" r="4" fill="${light}"/>`;
}

function confetti({ random, between, first, second, light }: Brush): string {
  let out = '';
  for (let i = 0; i < 15; i++) {
    const color = [first, second, light][i % 3];
    const x = between(0, 115);
    const y = between(0, 130);
    out +=
      random() > 0.5
        ? `<circle cx="${x}" cy="${y}" r="${between(5, 18)}" fill="${color}"/>`
        : `<rect x="${x}" y="${y}" width="${between(8, 28)}" height="${between(8, 28)}" fill="${color}" transform="rotate(${between(0, 90)} ${x} ${y})"/>`;
  }
  return out;
}

function blinds({ between, first, second, light }: Brush): string {
  let out = `<circle cx="${between(30, 90)}" cy="${between(40, 90)}" r="${between(26, 40)}" fill="${first}"/>`;
  const lean = between(-24, 24);
  for (let i = 0; i < 9; i++) {
    const y = i * 17 + between(0, 5);
    out += `<path d="M-5 ${y}L125 ${y + lean}" stroke="${i % 4 === 0 ? light : second}" stroke-width="${between(3, 8)}" opacity=".9"/>`;
  }
  return out;
}

function waves({ between, first, second, light }: Brush): string {
  let out = '';
  for (let i = 0; i < 8; i++) {
    const y = 14 + i * 15;
    const swing = between(6, 22);
    out += `<path d="M-5 ${y}Q20 ${y - swing} 45 ${y}T95 ${y}T145 ${y}" fill="none" stroke="${[first, second, light][i % 3]}" stroke-width="${between(3, 8)}"/>`;
  }
  return out;
}

function hills({ between, first, second, light }: Brush): string {
  let out = `<circle cx="${between(20, 100)}" cy="${between(24, 52)}" r="${between(12, 20)}" fill="${light}"/>`;
  for (let i = 0; i < 4; i++) {
    const y = 60 + i * 24;
    const peak = between(10, 110);
    out += `<path d="M0 ${y + between(0, 24)}L${peak} ${y - between(6, 26)}L120 ${y + between(0, 24)}V180H0Z" fill="${i % 2 ? first : second}" opacity="${(0.55 + i * 0.13).toFixed(2)}"/>`;
  }
  return out;
}

function city({ random, between, first, second, light }: Brush): string {
  const count = 3 + Math.floor(random() * 4);
  const wide = width / count;
  let out = `<circle cx="${between(20, 100)}" cy="${between(18, 36)}" r="${between(8, 14)}" fill="${light}"/>`;
  for (let i = 0; i < count; i++) {
    out += `<rect x="${(i * wide).toFixed(1)}" y="${between(40, 110)}" width="${(wide - 2).toFixed(1)}" height="180" fill="${[first, second, light][i % 3]}" opacity=".85"/>`;
  }
  return out;
}

/** The title, in at most five lines that fit. */
export function lettering(title: string, ground: string, light: string): string {
  const lines = broken(title);
  const longest = Math.max(...lines.map(span));
  const size = Math.max(8, Math.min(22, Math.floor(104 / longest / 0.5)));
  const top = 170 - (lines.length - 1) * size;
  // A title from right to left begins at the right edge.
  const rtl = /^[^\p{L}]*[\u0590-\u08ff]/u.test(title);
  const text = lines
    .map((line, i) => `<text x="${rtl ? 111 : 9}" y="${top + i * size}" font-size="${size}" direction="${rtl ? 'rtl' : 'ltr'}">${escaped(line)}</text>`)
    .join('');
  return (
    `<rect y="${top - size - 8}" width="${width}" height="${height - top + size + 8}" fill="${ground}" opacity=".88"/>` +
    `<g fill="${light}" font-family="Archivo Narrow, Arial Narrow, sans-serif" font-weight="700">${text}</g>`
  );
}

const wideSign = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uff00-\uff60\u{20000}-\u{3ffff}]|\p{Extended_Pictographic}/u;

/** How wide a text is, in Latin letters: those of East Asia and emoji take two. */
function span(text: string): number {
  let n = 0;
  for (const sign of text) n += wideSign.test(sign) ? 2 : 1;
  return n;
}

function broken(title: string): string[] {
  const room = title.length > 40 ? 18 : 12;
  const lines: string[] = [];
  let line = '';
  for (const word of title.split(/\s+/).flatMap((w) => pieces(w, room + 6))) {
    const longer = line ? line + ' ' + word : word;
    if (line && span(longer) > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  lines.push(line);
  if (lines.length <= 5) return lines;
  return [...lines.slice(0, 4), lines[4]!.replace(/.$/u, '…')];
}

function pieces(word: string, most: number): string[] {
  const out: string[] = [];
  let piece = '';
  // A letter keeps its accents and vowel signs.
  for (const sign of word.match(/\P{M}\p{M}*|\p{M}+/gu) ?? []) {
    if (piece && span(piece + sign) > most) {
      out.push(piece);
      piece = '';
    }
    piece += sign;
  }
  return piece ? [...out, piece] : out;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
