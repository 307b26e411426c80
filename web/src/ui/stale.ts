/**
 * After a release, a tab of the former one may ask for a file that is gone. One
 * load of the page brings the new release; a second one would be a loop.
 */
const place = 'boxoffice.reloaded';

/** Loads the page again, at most once a minute; otherwise calls `refused`. */
export function once(refused: () => void): void {
  if (!navigator.onLine || !first()) {
    refused();
    return;
  }
  location.reload();
}

/** Whether this is the first time in a minute. A browser that cannot keep the time may not try. */
function first(): boolean {
  try {
    if (Date.now() - Number(sessionStorage.getItem(place) ?? 0) < 60_000) return false;
    sessionStorage.setItem(place, String(Date.now()));
    return true;
  } catch {
    return false;
  }
}
