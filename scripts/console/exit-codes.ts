/** Exit codes of the commands. */
export const EXIT = {
  ok: 0,
  /** The command failed: wrong input, no such thing, or no response. */
  error: 1,
  /** The command line is invalid; for `plan`: there are changes to apply. */
  usage: 2,
  /** The command was refused although it is possible: something is in use. */
  refused: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
