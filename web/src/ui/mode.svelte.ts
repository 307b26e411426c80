/** Light or dark, by the device or by choice. */
export type Mode = 'system' | 'light' | 'dark';

const place = 'boxoffice.mode';
let now = $state<Mode>(stored());

function stored(): Mode {
  try {
    const kept = localStorage.getItem(place);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

function show(mode: Mode): void {
  if (mode === 'system') delete document.documentElement.dataset.mode;
  else document.documentElement.dataset.mode = mode;
}

export const mode = {
  get now() {
    return now;
  },
};

export function chooseMode(next: Mode): void {
  now = next;
  show(next);
  try {
    localStorage.setItem(place, next);
  } catch {
    // The choice lasts as long as this visit.
  }
}

show(stored());
