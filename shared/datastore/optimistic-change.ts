import { Failure } from '#shared/domain/failure.ts';
import { toFailure, UncertainCommit } from './store-failure.ts';
import { type Change, Conflict, type VersionOf, type Write } from './write.ts';

/** Attempts of one change; with the waits below they take 3 s at most, then the caller is told to come back. */
const ATTEMPTS_MAX = 12;

/** What an optimistic change needs of the store. */
export interface Commits {
  /** Throws `Conflict` or `UncertainCommit`; anything else ends the change. */
  readonly commit: (writes: readonly Write[]) => Promise<VersionOf>;
  /** Whether a commit that was not acknowledged was applied. */
  readonly wasApplied: (writes: readonly Write[]) => Promise<boolean>;
  /** 0 ≤ x < 1; spreads the waits of writers that met. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Reads, decides and writes, again and again, until no other writer was in between. `decide` runs once per attempt and
 * must decide anew from rows that it reads itself. When the answer to a commit is lost, the first inserted row tells
 * whether the commit was applied; a change without an insert is decided again and must then find nothing left to do.
 *
 * Throws `unavailable` when other writers were faster in every attempt.
 */
export async function optimisticChange<T>(decide: () => Promise<Change<T>>, store: Commits): Promise<T> {
  // Commits whose answer was lost: each can still be on its way when its row is looked for.
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
      // A store that does not answer is not hammered: two attempts, then the caller is told.
      if (uncertain && attempt > 1) throw toFailure(thrown);
      if (attempt === ATTEMPTS_MAX) throw contention(thrown);
      // Full jitter up to 20, 40, 80, … 500 ms: the first of many losers come back almost at once.
      await store.sleep(store.random() * Math.min(500, 10 * 2 ** attempt));
    }
  }
}

/**
 * Decides, and settles what needs no commit. `decide()` may see the effect of our own earlier commit whose response was
 * lost: it then refuses, or finds nothing left to do, because the last place is taken by this very change.
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

function contention(cause: unknown): Failure {
  return new Failure('unavailable', 'Too many changes at the same time. Please try again.', {
    reason: 'contention',
    retryAfterSeconds: 1,
    cause,
  });
}
