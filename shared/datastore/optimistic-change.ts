import { Failure } from '#shared/domain/failure.ts';
import { toFailure, UncertainCommit } from './store-failure.ts';
import { type Change, Conflict, type VersionOf, type Write } from './write.ts';

/** Attempts of one change; with the waits below they take 3 s at most, then the caller gets 503 with Retry-After. */
export const ATTEMPTS_MAX = 12;

/** The functions of the store that an optimistic change needs. */
export interface Commits {
  /** Commits writes. Throws `Conflict` or `UncertainCommit`, which are handled; any other error ends the change. */
  readonly commit: (writes: readonly Write[]) => Promise<VersionOf>;
  /** Returns whether a commit without an answer was applied. */
  readonly wasApplied: (writes: readonly Write[]) => Promise<boolean>;
  /** 0 ≤ x < 1; randomizes the waits of conflicting writers. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Reads, decides and commits, and repeats this until no other writer interferes. `decide` runs once per attempt and
 * must read its rows itself each time. When the answer to a commit is lost, the first inserted row shows whether the
 * commit was applied; without an insert, `decide` runs again and must then find nothing left to do.
 *
 * Throws `unavailable` when every attempt conflicted.
 */
export async function optimisticChange<T>(decide: () => Promise<Change<T>>, store: Commits): Promise<T> {
  // Commits whose answer was lost; they can still be applied after their row was not found.
  const open: Change<T>[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const decided = await decidedOrSettled(decide, open, store);
    if ('settled' in decided) return decided.settled;
    const { change } = decided;
    try {
      const versionOf = await store.commit(change.writes);
      return change.applied === undefined ? change.result : change.applied(versionOf);
    } catch (thrown) {
      const uncertain = thrown instanceof UncertainCommit;
      if (!uncertain && !(thrown instanceof Conflict)) throw toFailure(thrown);
      const applied = await appliedOf([change, ...open], store);
      if (applied !== undefined) return applied.result;
      if (uncertain) open.push(change);
      // A store that does not answer gets only two attempts, so that retries do not add to its load.
      if (uncertain && attempt > 1) throw toFailure(thrown);
      if (attempt === ATTEMPTS_MAX) throw contention(thrown);
      await store.sleep(pauseMs(attempt, store.random));
    }
  }
}

/**
 * Runs `decide`, and returns its result if no commit is needed. `decide` may see the effect of our own earlier commit
 * whose response was lost; it then throws or finds nothing left to do, for example because that commit has used the
 * last of the quota.
 */
async function decidedOrSettled<T>(
  decide: () => Promise<Change<T>>,
  open: readonly Change<T>[],
  store: Commits,
): Promise<{ readonly change: Change<T> } | { readonly settled: T }> {
  let change: Change<T>;
  try {
    change = await decide();
  } catch (thrown) {
    const applied = await appliedOf(open, store);
    if (applied === undefined) throw thrown;
    return { settled: applied.result };
  }
  if (change.writes.length > 0) return { change };
  return { settled: ((await appliedOf(open, store)) ?? change).result };
}

async function appliedOf<T>(changes: readonly Change<T>[], store: Commits): Promise<Change<T> | undefined> {
  for (const change of changes) if (await store.wasApplied(change.writes)) return change;
  return undefined;
}

/** Full jitter up to 20, 40, 80, … 500 ms: the first of many losers come back almost at once. */
export function pauseMs(attempt: number, random: () => number): number {
  return random() * Math.min(500, 10 * 2 ** attempt);
}

export function contention(cause: unknown): Failure {
  return new Failure('unavailable', 'Too many changes at the same time. Please try again.', {
    reason: 'contention',
    retryAfterSeconds: 1,
    cause,
  });
}
