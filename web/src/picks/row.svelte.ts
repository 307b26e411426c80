/** A row of suggestions as it is now: its movies, what the person likes, and the one that has just left. */
import { Failure } from '../api/client';
import { idOf, refilled, renewed, entries, type Answer, type Entry } from './picks';

export type Feedback = 'like' | 'not_for_me' | 'none';

/** How a row talks with the platform. */
interface Talk {
  /** Reads the list. */
  read: (signal: AbortSignal) => Promise<Answer>;
  /** Says what the person thinks of a movie. */
  say: (movie: string, feedback: Feedback) => Promise<unknown>;
  /** Reads which movies the person likes. */
  liked: () => Promise<string[]>;
}

export class Row {
  entries = $state.raw<Entry[]>([]);
  source = $state.raw<Answer['source']>('popularity');
  /** Whether the first answer is there, or will not come. */
  done = $state(false);
  /** The id of the movie that has just left; its place has a way to take that back. */
  gone = $state.raw<string>();
  liked = $state.raw<ReadonlySet<string>>(new Set());
  /** The id of the movie whose last press could not be saved. */
  failed = $state.raw<string>();
  #abort: AbortController | undefined;
  #left = new Set<string>();

  constructor(
    private readonly talk: Talk,
    private readonly wanted: number,
  ) {}

  /** Reads the list, again when there is one. It never fails: without an answer there is no row, or the one that was there. */
  async load(member: boolean): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    try {
      const answer = await this.talk.read(abort.signal);
      if (abort.signal.aborted) return;
      this.source = answer.source;
      // While there is something to take back, the row stays as it is.
      if (this.gone === undefined) this.entries = this.entries.length > 0 ? renewed(this.entries, answer) : entries(answer);
      this.done = true;
      if (member && answer.items.length > 0) this.liked = new Set(await this.talk.liked());
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
    } finally {
      if (this.#abort === abort) this.done = true;
    }
  }

  /** Likes a movie, or takes that back. Gives whether it is liked now; undefined when that could not be saved. */
  async like(movie: string): Promise<boolean | undefined> {
    const before = this.liked;
    const now = !before.has(movie);
    this.#like(movie, now);
    if (await this.#said(movie, now ? 'like' : 'none')) return now;
    this.#like(movie, !now);
    return undefined;
  }

  /** A movie is not for the person: it leaves, and another one comes. Gives whether that was saved. */
  async drop(movie: string): Promise<boolean> {
    this.#forget();
    this.gone = movie;
    if (!(await this.#said(movie, 'not_for_me'))) {
      if (this.gone === movie) this.gone = undefined;
      return false;
    }
    this.#left.add(movie);
    void this.#refill();
    return true;
  }

  /** Takes back that the movie which has just left is not for the person. Gives whether that was saved. */
  async undo(): Promise<boolean> {
    const movie = this.gone;
    if (movie === undefined || !(await this.#said(movie, this.liked.has(movie) ? 'like' : 'none'))) return false;
    this.#left.delete(movie);
    this.gone = undefined;
    return true;
  }

  async #said(movie: string, feedback: Feedback): Promise<boolean> {
    this.failed = undefined;
    try {
      await this.talk.say(movie, feedback);
      return true;
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      this.failed = movie;
      return false;
    }
  }

  async #refill(): Promise<void> {
    try {
      const answer = await this.talk.read(new AbortController().signal);
      this.entries = refilled(this.entries, answer, [...this.#left], this.wanted);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure; // a shorter row is a row, too
    }
  }

  /** The one that left before goes: only the last can be taken back. */
  #forget(): void {
    const before = this.gone;
    if (before !== undefined) this.entries = this.entries.filter((entry) => idOf(entry) !== before);
    this.gone = undefined;
  }

  #like(movie: string, on: boolean): void {
    const next = new Set(this.liked);
    if (on) next.add(movie);
    else next.delete(movie);
    this.liked = next;
  }
}
