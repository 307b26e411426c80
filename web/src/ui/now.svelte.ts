/** The server's time, which moves on by itself and is right at once after a sleep. */
import { serverNow } from '../api/client';

let now = $state(serverNow());
let minute = $state(fullMinute());

function tick(): void {
  now = serverNow();
  minute = fullMinute();
}

function fullMinute(): number {
  return Math.floor(serverNow() / 60_000) * 60_000;
}

setInterval(tick, 1000);
for (const event of ['pageshow', 'online', 'focus']) addEventListener(event, tick);
document.addEventListener('visibilitychange', tick);

export const time = {
  /** Milliseconds, to the second. */
  get now() {
    return now;
  },
  /** The full minute, for lists and days: they need not be drawn again each second. */
  get minute() {
    return minute;
  },
};
