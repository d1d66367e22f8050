import type { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { messageType } from '#scripts/emulators/datastore/wire.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { type Kind, type Properties, UnreadableRow } from '#shared/datastore/kind.ts';

export interface ConsoleRow<T> {
  readonly id: string;
  readonly value: T;
}

interface Answer {
  readonly batch?: {
    /** Entities, still encoded as the emulator stores them. */
    readonly entityResults?: readonly { readonly entity: Uint8Array }[];
    readonly moreResults?: string;
    readonly endCursor?: Uint8Array;
  };
}

interface Entity {
  readonly key: { readonly path: readonly { readonly name: string }[] };
  readonly properties?: Properties;
}

/** Options for plain objects in the form in which Google's client passes entities to row decoders. */
const PLAIN = { longs: String, enums: String } as const;

/**
 * Reads rows of the embedded Datastore without gRPC, so that the console neither meets nor uses up a fault that is
 * meant for the functions.
 */
export class ConsoleRows {
  readonly #datastore: Pick<DatastoreEmulator, 'handle'>;
  /** Rows of the last read of all rows of a kind, by their stored bytes: most rows are as they were. */
  readonly #decoded = new Map<string, ReadonlyMap<string, ConsoleRow<unknown> | undefined>>();

  constructor(datastore: Pick<DatastoreEmulator, 'handle'>) {
    this.#datastore = datastore;
  }

  /**
   * Returns all rows of a kind, or those with this value of an indexed property. Rows that cannot be decoded are left
   * out.
   */
  read<T>(kind: Kind<T>, equal?: { readonly property: string; readonly value: string }): readonly ConsoleRow<T>[] {
    const rows: ConsoleRow<T>[] = [];
    const before = this.#decoded.get(kind.name);
    const now = new Map<string, ConsoleRow<unknown> | undefined>();
    let cursor: Uint8Array | undefined;
    do {
      const { batch } = this.#ask(kind.name, equal, cursor);
      for (const { entity } of batch?.entityResults ?? []) {
        const bytes = Buffer.from(entity.buffer, entity.byteOffset, entity.byteLength).toString('latin1');
        // The same bytes of the same kind were decoded to a T.
        const row =
          before?.has(bytes) === true ? (before.get(bytes) as ConsoleRow<T> | undefined) : rowOf(kind, entity);
        now.set(bytes, row);
        if (row !== undefined) rows.push(row);
      }
      cursor = batch?.moreResults === 'NOT_FINISHED' ? batch.endCursor : undefined;
    } while (cursor !== undefined);
    if (equal === undefined) this.#decoded.set(kind.name, now);
    return rows;
  }

  #ask(
    kind: string,
    equal: { readonly property: string; readonly value: string } | undefined,
    cursor?: Uint8Array,
  ): Answer {
    const request = messageType('RunQueryRequest');
    const query = {
      kind: [{ name: kind }],
      ...(cursor === undefined ? {} : { startCursor: cursor }),
      ...(equal === undefined
        ? {}
        : {
            filter: {
              propertyFilter: { property: { name: equal.property }, op: 'EQUAL', value: { stringValue: equal.value } },
            },
          }),
    };
    const asked = request.fromObject({ projectId: LOCAL_PROJECT, partitionId: { projectId: LOCAL_PROJECT }, query });
    const answered = this.#datastore.handle('runQuery', request.encode(asked).finish());
    const response = messageType('RunQueryResponse');
    return response.toObject(response.decode(answered), PLAIN);
  }
}

function entityOf(bytes: Uint8Array): Entity {
  const type = messageType('Entity');
  return type.toObject(type.decode(bytes), PLAIN) as Entity;
}

/** Returns `undefined` for a row that cannot be decoded. */
function rowOf<T>(kind: Kind<T>, bytes: Uint8Array): ConsoleRow<T> | undefined {
  const { key, properties = {} } = entityOf(bytes);
  const id = key.path[0]?.name ?? '';
  try {
    return { id, value: kind.decode(properties, id) };
  } catch (thrown) {
    if (thrown instanceof UnreadableRow) return undefined;
    throw thrown;
  }
}
