import type { Random } from '#shared/domain/ids.ts';
import type { Play } from '../play.ts';

/** What an action is drawn with: plain values, so that a history can be printed and played again. */
export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** One kind of thing that may happen in a history. */
export interface Action {
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  readonly draw: (random: Random) => Arguments;
  readonly play: (drawn: Arguments, play: Play) => Promise<void>;
}

/** An action whose arguments are of one form. */
export function action<A extends Arguments>(definition: {
  readonly weight: number;
  readonly draw: (random: Random) => A;
  readonly play: (drawn: A, play: Play) => Promise<void>;
}): Action {
  return {
    ...definition,
    // What is played was drawn by the same action.
    play: (drawn, play) => definition.play(drawn as A, play),
  };
}

export function oneOf<T>(items: readonly T[], random: Random): T {
  const item = items[Math.floor(random.fraction() * items.length)];
  if (item === undefined) throw new Error('There is nothing to draw from.');
  return item;
}

export function chance(share: number, random: Random): boolean {
  return random.fraction() < share;
}

/** A share of something, with few digits: histories are printed. */
export function share(random: Random): number {
  return Math.floor(random.fraction() * 100) / 100;
}
