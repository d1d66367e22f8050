/** Exit codes of the commands. */
export const EXIT = {
  ok: 0,
  /** It could not be done: wrong input, no such thing, no answer. */
  error: 1,
  /** The command line was not understood; for `plan`: there is something to do. */
  usage: 2,
  /** It could be done but must not: something is in use. */
  refused: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
