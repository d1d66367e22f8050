import { Failure } from './failure.ts';

/** Something that others need, and who they are. */
export interface Use {
  /** `tier pro`, `template ubuntu-22-standard`. */
  readonly what: string;
  /** `customers`, `instances`: a plural that an `s` ends. */
  readonly by: string;
  readonly count: number;
  /** The first ids of the users, at most `USERS_SHOWN_MAX`. */
  readonly first: readonly string[];
}

export const USERS_SHOWN_MAX = 10;

/** One line for people. */
export function useText(use: Use): string {
  const more = use.count - use.first.length;
  const by = use.count === 1 ? use.by.replace(/s$/, '') : use.by;
  return `${use.what} is used by ${use.count} ${by}: ${use.first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A removal was refused because something would be left without what it needs. Nothing was removed. */
export class InUse extends Failure {
  readonly uses: readonly Use[];

  constructor(uses: readonly Use[]) {
    super('conflict', `${uses.map(useText).join('; ')}.`, { reason: 'in_use' });
    this.uses = uses;
  }
}
