import { type Found, nameOf } from './entity-client.ts';
import { rowFound } from './found-row.ts';
import { type Decided, isAsInserted, type JointCommit, type Member, witnessOf } from './joint-member.ts';
import { ATTEMPTS_MAX, contention, pauseMs } from './optimistic-change.ts';
import { type SharedRead, SharedView } from './shared-rows.ts';
import { grpcCode, STATUS, toFailure, UncertainCommit } from './store-failure.ts';
import { Conflict, type Ref, type VersionOf, type Write } from './write.ts';

/**
 * Changes of one commit. A create writes some six rows, so a commit stays far below Datastore's 500, and what one commit
 * can make wait or repeat stays small.
 */
const MEMBERS_MAX = 25;

/** What joint commits need of the store. */
export interface JointStore {
  /** Throws `Conflict` or `UncertainCommit`; anything else is the fault of one of the writes. */
  readonly commit: (writes: readonly Write[]) => Promise<VersionOf>;
  readonly find: (targets: readonly Ref<unknown>[]) => Promise<Found>;
  /** 0 ≤ x < 1; spreads the waits of writers that met. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Commits changes that meet together. Each change decides by the rows that it has read and by the shared rows as the
 * changes before it have left them; the shared rows are written once. After a lost answer a row that each change inserted
 * tells what became of it.
 *
 * A conflict repeats what it has to: when a shared row has moved, it alone is read again; otherwise each change reads its
 * own rows again; and when that does not help, or Datastore refuses a write, each change is committed by itself, so that
 * the one that cannot be written fails alone.
 */
export class JointCommits {
  readonly #store: JointStore;
  readonly #lanes = new Map<string, Lane>();

  constructor(store: JointStore) {
    this.#store = store;
  }

  /**
   * `oneAtATime`: one commit of the topic at a time, because all write the same row; what comes meanwhile shares the next one.
   * Otherwise changes of one tick share a commit, and no commit waits for another.
   */
  enter(topic: { readonly name: string; readonly oneAtATime: boolean }, member: Member): void {
    const key = `${topic.oneAtATime ? 'single' : 'tick'} ${topic.name}`;
    const open = this.#lanes.get(key);
    if (open !== undefined) {
      open.add(member);
      return;
    }
    const lane = new Lane(this.#store, () => this.#lanes.delete(key));
    this.#lanes.set(key, lane);
    lane.add(member);
    setImmediate(() => {
      if (!topic.oneAtATime) lane.close();
      lane.run().catch(unexpected);
    });
  }
}

/** `Lane.run` handles every failure; one that gets here is a fault of this module and must not be silent. */
function unexpected(thrown: unknown): never {
  throw thrown;
}

/** A change that ends without the commit: refused, or with nothing to write. */
interface Ended {
  readonly member: Member;
  readonly end: () => void;
}

/** A commit as it was tried. */
interface Attempt extends JointCommit {
  readonly view: SharedView;
  /** Changes whose result holds only if the commit is applied: the commit may have taken the place in the quota. */
  readonly depending: readonly Ended[];
}

class Lane {
  readonly #store: JointStore;
  readonly #onClose: () => void;
  #waiting: Member[] = [];
  /** Shared rows as this lane's last commit left them, or as the last conflict has shown them. */
  #known = new Map<string, SharedRead>();
  /** Commits in a row that failed. */
  #failures = 0;
  #closed = false;

  constructor(store: JointStore, onClose: () => void) {
    this.#store = store;
    this.#onClose = onClose;
  }

  add(member: Member): void {
    this.#waiting.push(member);
  }

  /** No change joins any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  /** Never rejects. Ends when no change waits. */
  async run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const members = this.#take();
      const failuresBefore = this.#failures;
      try {
        await this.#round(members);
      } catch (thrown) {
        // Changes that were put back are not part of what failed: a later round answers them.
        for (const member of members) if (!this.#waiting.includes(member)) member.fail(toFailure(thrown));
      }
      if (this.#failures > failuresBefore) await this.#store.sleep(pauseMs(this.#failures, this.#store.random));
    }
    this.close();
  }

  #take(): readonly Member[] {
    const firstAlone = this.#waiting.findIndex(({ alone }) => alone);
    const together = firstAlone < 0 ? this.#waiting.length : firstAlone;
    return this.#waiting.splice(0, Math.min(Math.max(1, together), MEMBERS_MAX));
  }

  async #round(members: readonly Member[]): Promise<void> {
    const ready = await refreshed(members);
    const view = new SharedView([...this.#known.values(), ...ready.flatMap(({ shared }) => shared)]);
    const { parts, ended, depending, later } = decideAll(ready, view);
    // Before anything that comes meanwhile, after what this round puts back.
    this.#waiting.unshift(...later);
    for (const one of ended) await this.#end(one);
    if (parts.size === 0) {
      for (const one of depending) await this.#end(one);
      return;
    }
    const writes = [...[...parts.values()].flatMap((decided) => decided.writes), ...view.writes()];
    let versionOf: VersionOf;
    try {
      versionOf = await this.#store.commit(writes);
    } catch (thrown) {
      await this.#afterFailure(thrown, { parts, view, depending });
      return;
    }
    this.#failures = 0;
    this.#remember(view.after(versionOf));
    for (const decided of parts.values()) decided.answer(versionOf);
    for (const one of depending) await this.#end(one);
  }

  /** A refusal may come of the change's own commit, whose answer was lost: the last place is taken by this very change. */
  async #end({ member, end }: Ended): Promise<void> {
    try {
      const seen = await this.#look([member], member.open, []);
      const applied = appliedPart(member, member.open, seen);
      if (applied === undefined) end();
      else applied.answer();
    } catch (thrown) {
      member.fail(toFailure(thrown));
    }
  }

  async #afterFailure(thrown: unknown, attempt: Attempt): Promise<void> {
    const { parts, view, depending } = attempt;
    const members = [...parts.keys(), ...depending.map(({ member }) => member)];
    const isUncertain = thrown instanceof UncertainCommit;
    if (!isUncertain && !(thrown instanceof Conflict)) {
      for (const member of parts.keys()) {
        if (parts.size === 1) member.fail(toFailure(thrown));
        member.alone = true;
      }
      this.#waiting.unshift(...members.filter((member) => parts.size > 1 || !parts.has(member)));
      return;
    }
    this.#failures += 1;
    const commits = [...new Set([attempt, ...members.flatMap(({ open }) => open)])];
    // A store that does not answer fails them all.
    const seen = await this.#look(members, commits, view.reads);
    // A conflict can be our own doing too: Google's client or a proxy may have repeated a commit that had been applied.
    const left = members.filter((member) => {
      const applied = appliedPart(member, commits, seen);
      applied?.answer();
      return applied === undefined;
    });
    const now = view.reads.map(({ ref }): SharedRead => ({ ref, row: rowFound(ref, seen) }));
    const hasMoved = now.some(({ row }, index) => row?.version !== view.reads[index]?.row?.version);
    this.#remember(now);
    for (const member of left) {
      member.attempts += 1;
      member.shared = member.shared.map((read) => this.#known.get(nameOf(read.ref)) ?? read);
      if (!parts.has(member)) continue;
      if (isUncertain) member.open.push(attempt);
      else if (!hasMoved && !isAborted(thrown)) suspect(member);
    }
    this.#waiting.unshift(...left.filter((member) => !givesUp(member, parts.has(member), thrown)));
  }

  #remember(reads: readonly SharedRead[]): void {
    for (const read of reads) this.#known.set(nameOf(read.ref), read);
  }

  /** The rows that tell of these commits, and the shared ones, in one look-up. */
  async #look(
    members: readonly Member[],
    commits: readonly JointCommit[],
    shared: readonly SharedRead[],
  ): Promise<Found> {
    const witnesses = members.flatMap((member) =>
      commits.flatMap(({ parts }) => witnessOf(parts.get(member)?.writes ?? [])?.ref ?? []),
    );
    const targets = [...witnesses, ...shared.map(({ ref }) => ref)];
    return targets.length === 0 ? new Map() : this.#store.find(targets);
  }
}

/** Those whose own rows are known. */
async function refreshed(members: readonly Member[]): Promise<readonly Member[]> {
  const read = await Promise.all(
    members.map(async (member) => {
      try {
        if (member.stale) await member.refresh();
        return member;
      } catch (thrown) {
        member.fail(thrown);
        return undefined;
      }
    }),
  );
  return read.filter((member) => member !== undefined);
}

function decideAll(members: readonly Member[], view: SharedView) {
  const parts = new Map<Member, Decided>();
  const ended: Ended[] = [];
  const depending: Ended[] = [];
  const later: Member[] = [];
  const written = new Set<string>();
  for (const member of members) {
    const layer = view.layer();
    const ends = (end: () => void) => (layer.wasUsed() ? depending : ended).push({ member, end });
    try {
      const decided = member.decide(layer.shared);
      const names = decided.writes.map(({ ref }) => nameOf(ref));
      if (names.length === 0 && !layer.hasChanged()) {
        ends(() => decided.answer());
      } else if (names.some((name) => written.has(name))) {
        member.stale = true;
        later.push(member);
      } else {
        layer.keep();
        for (const name of names) written.add(name);
        parts.set(member, decided);
      }
    } catch (thrown) {
      ends(() => member.fail(toFailure(thrown)));
    }
  }
  return { parts, ended, depending, later };
}

/** Nothing shared explains the conflict: the change's own rows have moved, or one of them can never be written. */
function suspect(member: Member): void {
  member.stale = true;
  member.unexplained += 1;
  member.alone = member.unexplained > 1;
}

/** True after the last attempt of a change; its caller then gets the failure. */
function givesUp(member: Member, wasPart: boolean, thrown: unknown): boolean {
  // A store that does not answer gets only two attempts, then the caller gets the failure.
  const isSilent = wasPart && thrown instanceof UncertainCommit && member.attempts > 1;
  if (!isSilent && member.attempts < ATTEMPTS_MAX) return false;
  member.fail(isSilent ? toFailure(thrown) : contention(thrown));
  return true;
}

/**
 * The change's part of a commit that was applied. Each change is recognised by its own row, as if it had been committed alone: a
 * neighbour's row may have been written by another process, or changed since.
 */
function appliedPart(member: Member, commits: readonly JointCommit[], seen: Found): Decided | undefined {
  return commits
    .map(({ parts }) => parts.get(member))
    .find((part) => {
      const witness = part && witnessOf(part.writes);
      return witness !== undefined && isAsInserted(witness, seen.get(nameOf(witness.ref)));
    });
}

/** Too many writes at the same time, whatever the rows hold. */
function isAborted(thrown: unknown): boolean {
  return thrown instanceof Conflict && grpcCode(thrown.cause) === STATUS.aborted;
}
