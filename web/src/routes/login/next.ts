/** Where to go after the log-in: an address of this app only. */
export function nextPlace(asked: string | null, origin = location.origin): string {
  if (!asked?.startsWith('/')) return '/';
  try {
    const url = new URL(asked, origin);
    return url.origin === origin ? url.pathname + url.search : '/';
  } catch {
    return '/';
  }
}
