/**
 * The words of the app, by language. English is always there; the other
 * languages come when they are needed. Values that are put into a text keep
 * their own direction: each one stands between U+2068 and U+2069.
 */
import en, { type Messages } from './en';
import { kept } from './kept';

export type Language = 'en' | 'hi' | 'ar';
export type Key = keyof typeof en;
type Values = Record<string, string | number>;

/** The languages by their own names. */
export const languages: Record<Language, string> = { en: 'English', hi: 'हिन्दी', ar: 'العربية' };

const loaders: Record<Exclude<Language, 'en'>, () => Promise<{ default: Messages }>> = {
  hi: () => import('./hi'),
  ar: () => import('./ar'),
};

/** Digits and calendar are the same in all browsers: they differ on plain `ar`. */
const locales: Record<Language, string> = { en: 'en', hi: 'hi-u-nu-latn', ar: 'ar-u-nu-latn-ca-gregory' };

let language = $state.raw<Language>('en');
let messages = $state.raw<Messages>(en);

export const i18n = {
  get language() {
    return language;
  },
  /** For Intl. In English the reader's own region decides, such as en-IN. */
  get locale() {
    if (language !== 'en') return locales[language];
    return navigator.languages.find((l) => l.startsWith('en-')) ?? 'en-GB';
  },
  get rtl() {
    return language === 'ar';
  },
};

const place = 'boxoffice.language';

/** The language that was chosen before, or the first one of the browser's that we have. */
export function preferred(): Language {
  try {
    const chosen = localStorage.getItem(place);
    if (chosen && chosen in languages) return chosen as Language;
  } catch {
    // The browser's own languages are a good guess.
  }
  for (const wanted of navigator.languages) {
    const base = wanted.split('-')[0]!;
    if (base in languages) return base as Language;
  }
  return 'en';
}

let asked = 0;

/** Shows the app in a language, and keeps the choice when asked to. */
export async function speak(next: Language, keep = false): Promise<void> {
  const turn = ++asked;
  const words = next === 'en' ? en : (await loaders[next]()).default;
  if (turn !== asked) return; // another language was chosen while this one was on its way
  messages = words;
  language = next;
  document.documentElement.lang = next;
  document.documentElement.dir = next === 'ar' ? 'rtl' : 'ltr';
  if (!keep) return;
  try {
    localStorage.setItem(place, next);
  } catch {
    // The choice lasts as long as this visit.
  }
}

/** A text with its values. A text with plural forms takes them by the value `n`. */
export function t(key: Key, values: Values = {}): string {
  return fill(messages[key] ?? en[key], values, language);
}

/** Puts values into a message. */
export function fill(message: Messages[Key], values: Values, language: string): string {
  let text: string;
  if (typeof message === 'string') text = message;
  else {
    const form = kept('plural ' + language, () => new Intl.PluralRules(language)).select(Number(values.n ?? 0));
    text = message[form] ?? message.other;
  }
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return value === undefined ? '{' + name + '}' : isolate(String(value), language);
  });
}

const strong = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

// By number: the compiler of Svelte warns about such signs in source text.
const opening = String.fromCodePoint(0x2068);
const closing = String.fromCodePoint(0x2069);

/** Keeps a value's own direction in the text around it. Left out where all is from left to right. */
function isolate(value: string, language: string): string {
  return language === 'ar' || strong.test(value) ? opening + value + closing : value;
}

/** A message by a name that is made at run time, such as a code of the API; undefined when there is none. */
export function named(prefix: string, code: string, values: Values = {}): string | undefined {
  const key = (prefix + code) as Key;
  return key in en ? t(key, values) : undefined;
}

/** Names in a row: "A7, A8 and A9". */
export function listed(names: string[]): string {
  const { locale } = i18n;
  return kept('list ' + locale, () => new Intl.ListFormat(locale, { type: 'conjunction' })).format(names.map((name) => isolate(name, language)));
}

/** A language's name in the language of the app. */
export function languageName(tag: string): string {
  try {
    const { locale } = i18n;
    return kept('languages ' + locale, () => new Intl.DisplayNames(locale, { type: 'language' })).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
