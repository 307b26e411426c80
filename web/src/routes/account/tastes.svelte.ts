/** What a person likes, as the account shows and changes it. Each change is saved as it is made; one that could not be saved goes back and says so. */
import { Failure, type Schemas } from '../../api/client';

export type Preferences = Schemas['TastePreferences'];
export type Need = NonNullable<Schemas['TasteChoice']['accessibility']>[number];
export type Choice = Pick<Preferences, 'personalization' | 'languages' | 'genres' | 'certificate' | 'accessibility'>;
export type Part = keyof Choice | 'liked' | 'not_for_me' | 'all';
type State = 'saved' | 'failed' | 'changed';

/** How tastes reach the platform. */
interface Calls {
  read: () => Promise<Preferences>;
  /** Saves a choice in place of the one of a version; a conflict when it is another by now. */
  save: (choice: Omit<Choice, 'accessibility'> & { version: number; accessibility: Need[] }) => Promise<Preferences>;
  takeBack: (movie: string) => Promise<Preferences>;
  forget: () => Promise<unknown>;
}

type List = 'languages' | 'genres' | 'accessibility';
type Change = (before: Preferences) => Preferences;

export class Tastes {
  value = $state.raw<Preferences>();
  failure = $state.raw<unknown>();
  /** How the last change ended, and which part it was in. `changed`: it was changed elsewhere, and is shown as it is now. */
  last = $state.raw<{ part: Part; state: State }>();
  /** What the platform has, and the changes that are on their way to it. */
  #stored: Preferences | undefined;
  #waiting: Change[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly calls: Calls,
    private readonly tell: (part: Part, state: State) => void = () => {},
  ) {}

  load = async (): Promise<void> => {
    this.failure = undefined;
    try {
      this.#take(await this.calls.read());
    } catch (failure) {
      this.failure = failure;
    }
  };

  set<P extends keyof Choice>(part: P, value: Choice[P]): Promise<void> {
    return this.#choose(part, (before) => ({ ...before, [part]: value }));
  }

  /** Puts a word into a list, or takes it out. */
  toggle(part: List, word: string): Promise<void> {
    const on = !this.has(part, word);
    return this.#choose(part, (before) => ({ ...before, [part]: [...before[part].filter((one) => !same(one, word)), ...(on ? [word] : [])] }));
  }

  has(part: List, word: string): boolean {
    return this.value?.[part].some((one) => same(one, word)) ?? false;
  }

  /** Takes back what was said of a movie. */
  takeBack(part: 'liked' | 'not_for_me', movie: string): Promise<void> {
    return this.#change(part, (before) => ({ ...before, [part]: before[part].filter((id) => id !== movie) }), () => this.calls.takeBack(movie));
  }

  /** Forgets all of it. */
  forget(): Promise<void> {
    return this.#change('all', (before) => before, async () => {
      await this.calls.forget();
      return this.calls.read();
    });
  }

  #choose(part: keyof Choice, change: Change): Promise<void> {
    return this.#change(part, change, (stored) => {
      const { version, personalization, languages, genres, certificate, accessibility } = change(stored);
      return this.calls.save({ version, personalization, languages, genres, certificate, accessibility: accessibility as Need[] });
    });
  }

  /** Shows a change at once and sends it. They go one after the other, so that each has the version of the one before. */
  #change(part: Part, change: Change, call: (stored: Preferences) => Promise<Preferences>): Promise<void> {
    this.last = undefined;
    this.#waiting.push(change);
    this.#show();
    const mine = this.#turn.then(() => this.#send(part, call));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #send(part: Part, call: (stored: Preferences) => Promise<Preferences>): Promise<void> {
    const state = await this.#result(call);
    this.#waiting.shift();
    this.#show();
    this.last = { part, state };
    this.tell(part, state);
  }

  async #result(call: (stored: Preferences) => Promise<Preferences>): Promise<State> {
    try {
      this.#stored = await call(this.#stored!);
      return 'saved';
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (failure.code !== 'conflict') return 'failed';
      await this.load();
      return this.failure ? 'failed' : 'changed';
    }
  }

  #take(value: Preferences): void {
    this.#stored = value;
    this.#show();
  }

  #show(): void {
    this.value = this.#stored && this.#waiting.reduce((value, change) => change(value), this.#stored);
  }
}

/** The catalog's words count in any case. */
function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What can be chosen: what the city's movies have, and what was chosen before and is not on at the moment. */
export function offered(facet: readonly { value: string }[], chosen: readonly string[], most = 24): string[] {
  const known = facet.map((one) => one.value).slice(0, most);
  return [...known, ...chosen.filter((one) => !known.some((other) => same(one, other)))];
}
