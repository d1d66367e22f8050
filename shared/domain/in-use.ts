import { Failure } from './failure.ts';

/** An object that is in use, and its users. */
export interface Use {
  /** The used object: `tier pro`, `template ubuntu-22-standard`. */
  readonly what: string;
  /** The kind of users, as a plural with `s`: `customers`, `instances`. */
  readonly by: string;
  readonly count: number;
  /** The first ids of the users, at most `USERS_SHOWN_MAX`. */
  readonly first: readonly string[];
}

export const USERS_SHOWN_MAX = 10;

/** Describes a use in one line. */
export function useText(use: Use): string {
  const more = use.count - use.first.length;
  const by = use.count === 1 ? use.by.replace(/s$/, '') : use.by;
  return `${use.what} is used by ${use.count} ${by}: ${use.first.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A removal was refused because the object is in use. Nothing was removed. */
export class InUse extends Failure {
  readonly uses: readonly Use[];

  constructor(uses: readonly Use[]) {
    super('conflict', `${uses.map(useText).join('; ')}.`, { reason: 'in_use' });
    this.uses = uses;
  }
}
