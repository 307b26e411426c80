/**
 * The seats of one show, as they are right now. The stream is closed while the
 * page is hidden, since phones freeze it without a word, and opened again with
 * a fresh snapshot.
 */
import { answered, api } from '../api/client';
import { hall, states, type Hall, type SeatMap, type State } from './hall';
import { Marks } from './marks.svelte';

type Changes = { version: number; held: string[]; sold: string[]; released: string[] };

export class Live {
  map = $state.raw<SeatMap | undefined>(undefined);
  hall = $state.raw<Hall | undefined>(undefined);
  failure = $state.raw<unknown>(undefined);
  /** Whether changes arrive. */
  fresh = $state(false);
  /** Only seats that are not free. Each seat listens to its own entry. */
  readonly taken = new Marks<State>();

  #show: string;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looks: ReturnType<typeof setTimeout> | undefined;
  #wait = 1000;
  #version = -1;
  #changed: (ids: string[]) => void;

  /** `changed` learns which seats somebody took. */
  constructor(show: string, changed: (ids: string[]) => void) {
    this.#show = show;
    this.#changed = changed;
  }

  /** Begins to watch; the answer ends it. */
  watch(): () => void {
    const seen = () => (document.visibilityState === 'hidden' ? this.#close() : this.#open());
    const again = () => {
      this.#close();
      this.#open();
    };
    const hide = () => this.#close();
    document.addEventListener('visibilitychange', seen);
    addEventListener('pageshow', seen);
    addEventListener('pagehide', hide);
    addEventListener('online', again);
    void this.fetch();
    seen();
    this.#look(5000);
    return () => {
      clearTimeout(this.#looks);
      this.#close();
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('pageshow', seen);
      removeEventListener('pagehide', hide);
      removeEventListener('online', again);
    };
  }

  /** Fetches the map once: it is there before the stream is. */
  fetch = async (): Promise<void> => {
    this.failure = undefined;
    try {
      const map = await answered(api.GET('/v1/shows/{id}/seats', { params: { path: { id: this.#show } }, ...(this.#remote ? { cache: 'no-store' as const } : {}) }));
      if (map.version >= this.#version) this.#snapshot(map);
    } catch (failure) {
      if (!this.map) this.failure = failure;
    }
  };

  /** Whether the theater's own system sells the seats: a tag of its map says nothing about the map's age. */
  get #remote(): boolean {
    return this.map?.as_of !== undefined || this.map?.paused === true;
  }

  /** A look at the map makes the server ask the theater's own system: soon for the first time, then each minute. */
  #look(after: number): void {
    this.#looks = setTimeout(() => {
      if (this.#remote && document.visibilityState !== 'hidden') void this.fetch();
      this.#look(60_000);
    }, after);
  }

  #open(): void {
    if (this.#source || document.visibilityState === 'hidden') return;
    clearTimeout(this.#timer);
    const source = (this.#source = new EventSource(`/v1/shows/${encodeURIComponent(this.#show)}/seats/stream`));
    source.addEventListener('snapshot', (event) => {
      this.#wait = 1000;
      this.fresh = true;
      this.#snapshot(JSON.parse((event as MessageEvent<string>).data) as SeatMap);
    });
    source.addEventListener('seats', (event) => {
      this.fresh = true;
      this.#apply(JSON.parse((event as MessageEvent<string>).data) as Changes);
    });
    source.onerror = () => {
      this.fresh = false;
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      this.#close();
      // Refused, such as too many streams: the map is asked for instead, less and less often.
      this.#timer = setTimeout(() => {
        void this.fetch();
        this.#open();
      }, this.#wait);
      this.#wait = Math.min(this.#wait * 2, 30_000);
    };
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
    this.fresh = false;
  }

  #snapshot(map: SeatMap): void {
    this.#version = map.version;
    this.failure = undefined;
    if (!this.hall || JSON.stringify(this.map?.layout) !== JSON.stringify(map.layout)) this.hall = hall(map.layout);
    const now = states(map);
    for (const id of this.taken.ids()) if (!now.has(id)) this.taken.delete(id);
    const lost: string[] = [];
    for (const [id, state] of now) {
      if (this.taken.get(id) === state) continue;
      this.taken.set(id, state);
      lost.push(id);
    }
    this.map = map;
    this.#changed(lost);
  }

  #apply(changes: Changes): void {
    this.#version = changes.version;
    for (const id of changes.released) this.taken.delete(id);
    for (const id of changes.held) this.taken.set(id, 'held');
    for (const id of changes.sold) this.taken.set(id, 'sold');
    this.#changed([...changes.held, ...changes.sold]);
  }

  free = (id: string): boolean => !this.taken.has(id);
}
