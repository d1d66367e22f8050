import type { protos } from '@google-cloud/compute';
import { reasonOf, type CloudReason } from './cloud-error.ts';
import { type Stockout, stockoutOf } from './stockout.ts';

export type CloudOperation = protos.google.cloud.compute.v1.IOperation;

/** A zone operation. `done` does not mean success: check `error`. */
export interface ZoneOperation {
  readonly name: string;
  /** Numeric id of the operation's VM. */
  readonly targetId: string;
  readonly done: boolean;
  readonly error: {
    readonly reason: CloudReason;
    readonly message: string;
    /** For `zone_exhausted`: the zones with capacity, if Compute Engine named them. */
    readonly stockout?: Stockout | undefined;
  } | null;
  /** When the operation began and ended; `null` until known. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
}

export function toOperation(operation: CloudOperation): ZoneOperation {
  const [error] = operation.error?.errors ?? [];
  const done = String(operation.status) === 'DONE';
  return {
    name: operation.name ?? '',
    targetId: String(operation.targetId ?? ''),
    done,
    error:
      error === undefined
        ? null
        : {
            reason: reasonOf(error.code ?? undefined, operation.httpErrorStatusCode ?? 500),
            message: error.message ?? 'the operation failed',
            stockout: stockoutOf(error.errorDetails),
          },
    startedAtMs: toMs(operation.insertTime) ?? toMs(operation.startTime),
    endedAtMs: toMs(operation.endTime),
  };
}

export function lastSegment(url: string | null | undefined): string {
  return url?.slice(url.lastIndexOf('/') + 1) ?? '';
}

export function toMs(timestamp: string | null | undefined): number | null {
  if (timestamp === undefined || timestamp === null || timestamp === '') return null;
  const ms = Date.parse(timestamp);
  return Number.isNaN(ms) ? null : ms;
}
