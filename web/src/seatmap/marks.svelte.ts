/**
 * What is true of single seats. A component that reads the mark of one seat is drawn again for
 * that seat alone, also while it has none. A SvelteMap draws all readers of missing keys again
 * for each new key: with 320 seats that is a tenth of a second on a slow phone.
 */
export class Marks<V extends string | true> {
  #of = $state<Record<string, V>>({});

  get(id: string): V | undefined {
    return this.#of[id];
  }
  has(id: string): boolean {
    return this.#of[id] !== undefined;
  }
  set(id: string, mark: V): void {
    this.#of[id] = mark;
  }
  delete(id: string): void {
    delete this.#of[id];
  }
  clear(): void {
    for (const id of this.ids()) this.delete(id);
  }
  /** The seats that have a mark. A reader of this is drawn again for each of them. */
  ids(): string[] {
    return Object.keys(this.#of);
  }
}
