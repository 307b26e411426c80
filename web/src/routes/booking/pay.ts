/** Where the customer pays, with the way back. Our own pages need none. */
export function checkoutAddress(address: string, back: string, origin = location.origin): string {
  const url = new URL(address, origin);
  if (url.origin !== origin && !url.searchParams.has('return_url')) {
    url.searchParams.set('return_url', back);
  }
  return url.href;
}
