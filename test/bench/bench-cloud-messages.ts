import type { FaultService } from '#scripts/emulators/faults.ts';

/** What the cloud of the benchmarks is to hold. */
export interface BenchCloudSize {
  /** Running instances with a VM. */
  readonly machines: number;
  /** Stopped instances with a VM. */
  readonly stopped: number;
  /** Instances without a VM, for requests that only accept an operation: each of them is asked once. */
  readonly records: number;
}

/** One call that reached an emulator. */
export interface TracedCall {
  readonly service: FaultService;
  readonly method: string;
  /** When it arrived, on the cloud's own clock. */
  readonly atMs: number;
}

/** What the benchmark asks of its cloud: to note all calls and hold each answer, and to stop doing so. */
export type BenchCloudMessage = { readonly type: 'trace'; readonly delayMs: number } | { readonly type: 'stop' };

export interface BenchCloudReady {
  readonly type: 'ready';
  readonly emulators: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  readonly tokens: { readonly owner: string; readonly lister: string; readonly admin: string };
  /** fid of the project of all instances. */
  readonly project: string;
  /** Instances that have a VM and run. */
  readonly machineIds: readonly string[];
  /** Instances that have a VM and are stopped. */
  readonly stoppedIds: readonly string[];
  /** Instances that have none. */
  readonly recordIds: readonly string[];
  /** An operation that has ended, of the first machine. */
  readonly operationId: string;
}

export type BenchCloudReport =
  BenchCloudReady | { readonly type: 'tracing' } | { readonly type: 'calls'; readonly calls: readonly TracedCall[] };
