/** The server's time, which moves on by itself and is right at once after a sleep. */
import { serverNow } from '../api/client';

let now = $state(serverNow());

function tick(): void {
  now = serverNow();
}

setInterval(tick, 1000);
for (const event of ['pageshow', 'online', 'focus']) addEventListener(event, tick);
document.addEventListener('visibilitychange', tick);

export const time = {
  /** Milliseconds, to the second. */
  get now() {
    return now;
  },
};
