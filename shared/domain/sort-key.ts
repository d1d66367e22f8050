/*
 * Positions in sorted lists. A list that is sorted by something that many rows share needs the id as well, to be in one
 * order only; written one after the other they are one text, so that "after this position" is one comparison, and a row
 * that comes or goes moves nobody else.
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
