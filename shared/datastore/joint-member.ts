import type { EntityResult } from './entity-client.ts';
import type { Value } from './field.ts';
import type { SharedRead, SharedRows } from './shared-rows.ts';
import type { Change, VersionOf, Write } from './write.ts';

/** A change that is committed together with others that meet it. */
export interface JointChange<Own, T> {
  /**
   * Reads the change's own rows and the shared ones. Once; and again when a commit has failed because of the change's own
   * rows, or when another change of the commit has written one of them.
   */
  readonly read: () => Promise<{ readonly own: Own; readonly shared: readonly SharedRead[] }>;
  /**
   * Decides by those rows, once per attempt. Shared rows are written by `shared.set` alone. What it throws is this
   * change's failure, and nobody else's.
   */
  readonly decide: (own: Own, shared: SharedRows) => Change<T>;
}

/** What a change writes in one attempt, and how its caller is answered when that is applied. */
export interface Decided {
  readonly writes: readonly Write[];
  /** `versionOf` is absent when the answer to the commit was lost. */
  readonly answer: (versionOf?: VersionOf) => void;
}

/** One commit of several changes. */
export interface JointCommit {
  readonly parts: ReadonlyMap<Member, Decided>;
}

/** A change in the queue, and what became of it so far. */
export class Member {
  /** What was read no longer holds. */
  stale = false;
  /** True if this change is to be committed by itself, because it may be what makes joint commits fail. */
  alone = false;
  attempts = 0;
  /** Conflicts in a row that no shared row explains. */
  unexplained = 0;
  /** Commits whose answer was lost: each can still be on its way. */
  readonly open: JointCommit[] = [];
  shared: readonly SharedRead[] = [];
  readonly #refresh: () => Promise<void>;
  readonly #decide: (shared: SharedRows) => Decided;
  readonly #reject: (thrown: unknown) => void;

  constructor(acts: {
    readonly refresh: (member: Member) => Promise<void>;
    readonly decide: (shared: SharedRows) => Decided;
    readonly reject: (thrown: unknown) => void;
  }) {
    this.#refresh = () => acts.refresh(this);
    this.#decide = acts.decide;
    this.#reject = acts.reject;
  }

  async refresh(): Promise<void> {
    await this.#refresh();
    this.stale = false;
  }

  decide(shared: SharedRows): Decided {
    return this.#decide(shared);
  }

  fail(thrown: unknown): void {
    this.#reject(thrown);
  }
}

/** A change as a member of commits, and its caller's answer. */
export function memberOf<Own, T>(
  change: JointChange<Own, T>,
): { readonly member: Member; readonly answered: Promise<T> } {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let own: { readonly value: Own } | undefined;
  const member = new Member({
    refresh: async (self) => {
      const read = await change.read();
      own = { value: read.own };
      self.shared = read.shared;
    },
    decide: (shared) => {
      if (own === undefined) throw new Error('A change is decided by what it has read.');
      const { writes, result, applied } = change.decide(own.value, shared);
      return {
        writes,
        answer: (versionOf) => resolve(applied === undefined || versionOf === undefined ? result : applied(versionOf)),
      };
    },
    reject,
  });
  return { member, answered: promise };
}

/** The first row that these writes insert: inserted rows have ids that nobody else makes, so it tells whether they were applied. */
export function witnessOf(writes: readonly Write[]): Extract<Write, { readonly type: 'insert' }> | undefined {
  return writes.find((write) => write.type === 'insert');
}

/** A row that another writer inserted under the same id (an idempotency key) differs from ours in what it points to. */
export function isAsInserted(
  { properties }: Extract<Write, { readonly type: 'insert' }>,
  found: EntityResult | undefined,
): boolean {
  const stored = found?.entity?.properties;
  if (stored === undefined || stored === null) return false;
  return Object.entries(properties).every(([name, value]) => sameValue(value, stored[name]));
}

function sameValue(a: Value | undefined, b: Value | null | undefined): boolean {
  const plain = (value: Value | null | undefined): unknown =>
    value?.stringValue ?? (value?.integerValue === undefined ? undefined : String(value.integerValue));
  return plain(a) === plain(b);
}
