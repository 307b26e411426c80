import { Failure, type Schemas } from '../../api/client';

export type Choice = Schemas['NotificationChoice'];
type State = 'saved' | 'failed';

const nameOf = ({ channel, kind }: Choice) => kind + ' ' + channel;

/** What a person wants to be told. Each switch is saved as it is pressed; one that could not be saved goes back and says so. */
export class Choices {
  items = $state.raw<Choice[]>([]);
  #states = $state.raw<Record<string, State | undefined>>({});
  /** What the platform has. */
  #stored = new Map<string, boolean>();
  #presses = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly save: (choice: Choice) => Promise<unknown>,
    private readonly tell: (state: State) => void = () => {},
  ) {}

  /** Takes what the platform has. */
  take(items: Choice[]): void {
    this.items = items;
    this.#stored = new Map(items.map((one) => [nameOf(one), one.wanted]));
  }

  /** The kinds, in the platform's order, with their channels. */
  get kinds(): [kind: Choice['kind'], choices: Choice[]][] {
    const kinds = [...new Set(this.items.map((one) => one.kind))];
    return kinds.map((kind) => [kind, this.items.filter((one) => one.kind === kind)]);
  }

  state(choice: Choice): State | undefined {
    return this.#states[nameOf(choice)];
  }

  /** Shows a choice at once and saves it. They go one after the other, so that the last press counts. */
  set(choice: Choice, wanted: boolean): Promise<void> {
    const name = nameOf(choice);
    const press = (this.#presses.get(name) ?? 0) + 1;
    this.#presses.set(name, press);
    this.#states = { ...this.#states, [name]: undefined };
    this.#show(name, wanted);
    const mine = this.#turn.then(() => this.#send({ channel: choice.channel, kind: choice.kind, wanted }, () => this.#presses.get(name) === press));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #send(choice: Choice, last: () => boolean): Promise<void> {
    const name = nameOf(choice);
    if (!last()) return; // pressed again meanwhile
    try {
      await this.save(choice);
      this.#stored.set(name, choice.wanted);
      if (last()) this.#end(name, 'saved');
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (!last()) return;
      this.#show(name, this.#stored.get(name) ?? !choice.wanted);
      this.#end(name, 'failed');
    }
  }

  #end(name: string, state: State): void {
    this.#states = { ...this.#states, [name]: state };
    this.tell(state);
  }

  #show(name: string, wanted: boolean): void {
    this.items = this.items.map((one) => (nameOf(one) === name ? { ...one, wanted } : one));
  }
}
