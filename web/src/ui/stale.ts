/**
 * After a release, a tab of the former one may ask for a file that is gone. One
 * load of the page brings the new release; a second one would be a loop.
 */
const place = 'boxoffice.reloaded';

/** Loads the page again, at most once a minute; otherwise calls `refused`. */
export function once(refused: () => void): void {
  const last = Number(sessionStorage.getItem(place) ?? 0);
  if (!navigator.onLine || Date.now() - last < 60_000) {
    refused();
    return;
  }
  sessionStorage.setItem(place, String(Date.now()));
  location.reload();
}
