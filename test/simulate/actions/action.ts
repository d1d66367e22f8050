import type { Random } from '#shared/domain/ids.ts';
import type { Play } from '../play.ts';

/** The drawn arguments of an action: plain values, so that a history can be printed and replayed. */
export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** One kind of event that may occur in a history. */
export interface Action {
  /** How often the action is drawn, relative to the weights of the others. */
  readonly weight: number;
  readonly draw: (random: Random) => Arguments;
  readonly play: (drawn: Arguments, play: Play) => Promise<void>;
}

/** Returns an action whose drawn arguments have the type `A`. */
export function action<A extends Arguments>(definition: {
  readonly weight: number;
  readonly draw: (random: Random) => A;
  readonly play: (drawn: A, play: Play) => Promise<void>;
}): Action {
  return {
    ...definition,
    // The cast is safe: `drawn` comes from the `draw` of the same action.
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

/** Returns a fraction below 1 with two digits, because histories are printed. */
export function share(random: Random): number {
  return Math.floor(random.fraction() * 100) / 100;
}
