/**
 * Keeps the screen awake while a ticket is shown. The lock is lost when the page
 * is hidden, and some phones give it only after a tap.
 */
export function awake(tell: (possible: boolean) => void): () => void {
  let lock: WakeLockSentinel | undefined;
  let ended = false;
  const ask = async () => {
    if (document.visibilityState === 'hidden' || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request('screen');
      if (ended) void lock.release();
      else tell(true);
    } catch {
      tell(false); // the screen says what to do by hand
    }
  };
  document.addEventListener('visibilitychange', ask);
  document.addEventListener('click', ask);
  void ask();
  return () => {
    ended = true;
    document.removeEventListener('visibilitychange', ask);
    document.removeEventListener('click', ask);
    void lock?.release().catch(() => {});
  };
}
