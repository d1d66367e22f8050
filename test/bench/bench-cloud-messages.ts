import type { FaultService } from '#scripts/emulators/faults.ts';
import type { DatastoreUsage } from './datastore-usage.ts';

/** How many instances the benchmarks' cloud holds. */
export interface BenchCloudSize {
  /** Running instances with a VM. */
  readonly machines: number;
  /** Stopped instances with a VM. */
  readonly stopped: number;
  /** Instances without a VM, for requests that only accept an operation. Each of them is used once. */
  readonly records: number;
  /** Customers that create and delete, each with one user; 1 unless it says more. */
  readonly customers?: number;
  /** Datastore refuses to write one entity more often than once a second. */
  readonly contention?: boolean;
}

/** One call that reached an emulator. */
export interface TracedCall {
  readonly service: FaultService;
  readonly method: string;
  /** When the call arrived, on the clock of the cloud's process. */
  readonly atMs: number;
  /** What Datastore bills for the call; absent if it failed. */
  datastore?: DatastoreUsage;
  /** Size of the published messages. */
  publishedBytes?: number;
}

/** A command to the benchmarks' cloud: `trace` records all calls and delays each response, if by more than 0; `stop` ends both. */
export type BenchCloudMessage = { readonly type: 'trace'; readonly delayMs: number } | { readonly type: 'stop' };

export interface BenchCloudReady {
  readonly type: 'ready';
  readonly emulators: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  readonly tokens: { readonly owner: string; readonly lister: string; readonly admin: string };
  /** One user of each customer that creates and deletes; the first is the owner. */
  readonly creators: readonly string[];
  /** fid of the project of all instances. */
  readonly project: string;
  /** Ids of running instances with a VM. */
  readonly machineIds: readonly string[];
  /** Ids of stopped instances with a VM. */
  readonly stoppedIds: readonly string[];
  /** Ids of instances without a VM. */
  readonly recordIds: readonly string[];
  /** Id of an operation of the first machine, which has ended. */
  readonly operationId: string;
}

export type BenchCloudReport =
  BenchCloudReady | { readonly type: 'tracing' } | { readonly type: 'calls'; readonly calls: readonly TracedCall[] };
