import type { FaultService } from '#scripts/local/faults.ts';

/** One call that reached an emulator. */
export interface TracedCall {
  readonly service: FaultService;
  readonly method: string;
  /** When it arrived, on the cloud's own clock. */
  readonly atMs: number;
}

/** What the benchmark asks of its cloud: to note all calls and hold each answer, and to stop doing so. */
export type BenchCloudMessage = { readonly type: 'trace'; readonly delayMs: number } | { readonly type: 'stop' };

export type BenchCloudReport =
  | {
      readonly type: 'ready';
      readonly emulators: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
      readonly tokens: { readonly owner: string; readonly lister: string; readonly admin: string };
      /** Instances that have a VM. */
      readonly machineIds: readonly string[];
      /** Instances that have none. */
      readonly recordIds: readonly string[];
      /** An operation that has ended. */
      readonly operationId: string;
    }
  | { readonly type: 'tracing' }
  | { readonly type: 'calls'; readonly calls: readonly TracedCall[] };
