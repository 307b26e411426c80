/** The one live region. What is said here is short, and only what concerns the person. */
let said = $state('');
let turn = false;

export const announcement = {
  get text() {
    return said;
  },
};

/** Says a text to people who use a screen reader. The same text twice is said twice. */
export function announce(text: string): void {
  turn = !turn;
  said = text + (turn ? '\u00a0' : '');
}
