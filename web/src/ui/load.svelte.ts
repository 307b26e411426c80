/** Something that a screen fetches: it is waiting, it is there, or it failed. */
export class Load<T> {
  value = $state.raw<T | undefined>(undefined);
  failure = $state.raw<unknown>(undefined);
  busy = $state(false);
  #fetch: ((signal: AbortSignal) => Promise<T>) | undefined;
  #abort: AbortController | undefined;

  /** Fetches; an answer that comes after the next fetch began is dropped. What was there stays until then. */
  async run(fetch: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#fetch = fetch;
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.busy = true;
    this.failure = undefined;
    try {
      const value = await fetch(abort.signal);
      if (!abort.signal.aborted) this.value = value;
    } catch (failure) {
      if (!abort.signal.aborted) this.failure = failure;
    } finally {
      if (!abort.signal.aborted) this.busy = false;
    }
  }

  /** Fetches the same again. */
  again = (): void => {
    if (this.#fetch) void this.run(this.#fetch);
  };
}
