import { type EntityResult, type Found, nameOf } from './entity-client.ts';
import type { Kind } from './kind.ts';
import type { Ref, Row } from './write.ts';

export function toRow<T>(kind: Kind<T>, result: EntityResult): Row<T> {
  const id = result.entity?.key?.path?.[0]?.name ?? '';
  return { kind, id, value: kind.decode(result.entity?.properties ?? {}, id), version: String(result.version ?? '0') };
}

/** The row of that name among what a look-up has found; `undefined` when it is not there. */
export function rowFound<T>(target: Ref<T>, found: Found): Row<T> | undefined {
  const result = found.get(nameOf(target));
  return result === undefined ? undefined : toRow(target.kind, result);
}
