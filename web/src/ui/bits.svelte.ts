/** How many of a long list are drawn: a screenful at first, then some more at a time, so that a slow phone answers taps in between. */
export class Bits {
  drawn = $state(0);

  /** For a component that is being made: the drawing ends with it. */
  constructor(all: () => number, first: number, step: number) {
    this.drawn = first;
    $effect(() => {
      if (this.drawn >= all()) return;
      const timer = setTimeout(() => (this.drawn += step));
      return () => clearTimeout(timer);
    });
  }
}
