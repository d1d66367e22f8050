/*
 * Positions in sorted lists. If many rows share the sorted value, only the id makes the order unique, so a position is
 * the value followed by the id, as one text. "After this position" is then a single comparison, and rows that are added
 * or removed shift no other position.
 */

/** Separates value and id; sorts before every character that either can contain. */
const SEPARATOR = '\u0001';

/** Digits of an epoch time in ms; enough for thirty thousand years. */
const TIME_DIGITS = 15;

export function timeText(ms: number): string {
  return String(Math.max(0, Math.trunc(ms))).padStart(TIME_DIGITS, '0');
}

export function position(value: string, id: string): string {
  return `${value}${SEPARATOR}${id}`;
}
