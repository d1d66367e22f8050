/** What every embedded emulator offers to the local cloud and to tests. */
export interface Emulator {
  /** The service it stands for, as faults and the start-up table name it. */
  readonly name: 'compute' | 'datastore' | 'pubsub';
  /** `127.0.0.1:PORT`; only after `start`. */
  readonly address: string;
  /** Listens; resolves when the first request would be answered. */
  start(): Promise<void>;
  /** Forgets all state, on disk too; keeps listening. */
  reset(): Promise<void>;
  /** Stops listening and closes its files. Safe to call twice. */
  stop(): Promise<void>;
}

export type Log = (line: { readonly message: string; readonly [field: string]: unknown }) => void;
