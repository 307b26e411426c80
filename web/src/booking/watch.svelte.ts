/** One booking as it is now: its stream, opened again after a sleep, with reads in between when there is none. */
import { EventSourceParserStream } from 'eventsource-parser/stream';

import { answered, api, Failure, stream, type Schemas } from '../api/client';

export type Booking = Schemas['Booking'];

const over = ['cancelled', 'expired', 'payment_failed', 'rejected'];

export class Watch {
  booking = $state.raw<Booking | undefined>(undefined);
  failure = $state.raw<unknown>(undefined);
  #id: string;
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = 1000;
  #ended = false;

  constructor(id: string) {
    this.#id = id;
  }

  /** Begins to watch; the answer ends it. */
  start(): () => void {
    this.#ended = false;
    const seen = () => {
      if (document.visibilityState === 'hidden') this.#stop();
      else this.again();
    };
    document.addEventListener('visibilitychange', seen);
    addEventListener('pageshow', seen);
    addEventListener('pagehide', this.#stop);
    addEventListener('online', this.again);
    this.again();
    return () => {
      this.#ended = true;
      this.#stop();
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('pageshow', seen);
      removeEventListener('pagehide', this.#stop);
      removeEventListener('online', this.again);
    };
  }

  /** Reads the booking and opens its stream. */
  again = (): void => {
    this.#stop();
    if (this.#ended) return;
    this.#abort = new AbortController();
    void this.#read(this.#abort.signal);
  };

  /** Takes an answer that carries the booking, such as that of a cancellation. */
  take(booking: Booking): void {
    // A stream's event may be on its way while a newer answer is there already.
    if (this.booking && booking.version < this.booking.version) return;
    this.booking = booking;
    this.failure = undefined;
  }

  #stop = (): void => {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = undefined;
  };

  async #read(signal: AbortSignal): Promise<void> {
    try {
      this.take(await answered(api.GET('/v1/bookings/{id}', { params: { path: { id: this.#id } }, signal })));
      if (over.includes(this.booking!.status) && !this.booking!.refund) return;
      const response = await stream(`/v1/bookings/${encodeURIComponent(this.#id)}/stream`, signal);
      this.#wait = 1000;
      const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream()).getReader();
      for (;;) {
        const { done, value } = await events.read();
        if (done) break;
        if (value.event === 'booking') this.take(JSON.parse(value.data) as Booking);
      }
    } catch (failure) {
      if (signal.aborted) return;
      // A link that was refused is told, also when the booking was shown before.
      if (!this.booking || (failure instanceof Failure && failure.status === 401)) this.failure = failure;
      if (!this.booking) return;
    }
    if (signal.aborted) return;
    this.#timer = setTimeout(this.again, this.#wait);
    this.#wait = Math.min(this.#wait * 2, 30_000);
  }
}
