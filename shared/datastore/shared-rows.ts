import { nameOf } from './entity-client.ts';
import { insert, type Ref, replace, type Row, rowAfter, type VersionOf, type Write } from './write.ts';

/** Rows that several changes of one commit write, each as the changes before have left it. */
export interface SharedRows {
  /** `undefined`: there is no such row. Throws for a row that the change has not read. */
  readonly get: <T>(target: Ref<T>) => T | undefined;
  readonly set: <T>(target: Ref<T>, value: T) => void;
}

/** A shared row as a change has read it; no `row`: there was none. */
export interface SharedRead {
  readonly ref: Ref<unknown>;
  readonly row: Row<unknown> | undefined;
}

export function sharedRead<T>(target: Ref<T>, row: Row<T> | undefined): SharedRead {
  return { ref: target, row };
}

/** Of two reads of one row the later one. A row that was there is later than none; the commit finds out if it is not. */
export function laterRead(a: SharedRead, b: SharedRead): SharedRead {
  if (a.row === undefined || b.row === undefined) return a.row === undefined ? b : a;
  return BigInt(a.row.version) >= BigInt(b.row.version) ? a : b;
}

/** What one change has made of the shared rows, until it is known whether the change is part of the commit. */
export interface Layer {
  readonly shared: SharedRows;
  /** The change asked for a shared row: what it says holds only together with the changes before it. */
  readonly wasUsed: () => boolean;
  readonly hasChanged: () => boolean;
  readonly keep: () => void;
}

/** The shared rows of one commit: read once, changed by one change after the other, each written once. */
export class SharedView {
  readonly #reads = new Map<string, SharedRead>();
  readonly #values = new Map<string, unknown>();

  constructor(reads: Iterable<SharedRead>) {
    for (const read of reads) {
      const name = nameOf(read.ref);
      const known = this.#reads.get(name);
      this.#reads.set(name, known === undefined ? read : laterRead(known, read));
    }
  }

  get reads(): readonly SharedRead[] {
    return [...this.#reads.values()];
  }

  layer(): Layer {
    const values = new Map<string, unknown>();
    let used = false;
    return {
      shared: {
        get: <T>(target: Ref<T>) => {
          used = true;
          const name = nameOf(target);
          const read = this.#reads.get(name);
          if (read === undefined) throw new Error(`${name} is shared, and was not read`);
          const above = [values, this.#values].find((known) => known.has(name));
          // Only values of this kind are kept under this name.
          return (above === undefined ? read.row?.value : above.get(name)) as T | undefined;
        },
        set: (target, value) => void values.set(nameOf(target), value),
      },
      wasUsed: () => used,
      hasChanged: () => values.size > 0,
      keep: () => {
        for (const [name, value] of values) this.#values.set(name, value);
      },
    };
  }

  /** One write for each row that was changed. */
  writes(): readonly Write[] {
    return [...this.#values].map(([name, value]) => {
      const { ref, row } = this.#read(name);
      return row === undefined ? insert(ref.kind, ref.id, value) : replace(row, value);
    });
  }

  /** The rows as a commit of these writes has left them. */
  after(versionOf: VersionOf): readonly SharedRead[] {
    return [...this.#reads].map(([name, read]) => {
      if (!this.#values.has(name)) return read;
      return { ref: read.ref, row: rowAfter(versionOf, read.ref, this.#values.get(name)) };
    });
  }

  #read(name: string): SharedRead {
    const read = this.#reads.get(name);
    if (read === undefined) throw new Error(`${name} is shared, and was not read`);
    return read;
  }
}
