/** Where to go after the log-in: an address of this app only. */
export function nextPlace(asked: string | null, origin = location.origin): string {
  if (!asked?.startsWith('/')) return '/';
  try {
    const url = new URL(asked, origin);
    // A path such as /.//evil.example is of this origin, but what is left of it names another one.
    if (url.origin !== origin || url.pathname.startsWith('//')) return '/';
    return url.pathname + url.search;
  } catch {
    return '/';
  }
}
