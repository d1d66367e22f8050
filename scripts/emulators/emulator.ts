/** The interface of every embedded emulator. */
export interface Emulator {
  /** Name of the emulated service, as faults and the start-up table use it. */
  readonly name: 'compute' | 'datastore' | 'pubsub';
  /** `127.0.0.1:PORT`; available after `start`. */
  readonly address: string;
  /** Starts listening; resolves when requests are answered. */
  start(): Promise<void>;
  /** Deletes all state, in memory and on disk; the emulator keeps listening. */
  reset(): Promise<void>;
  /** Stops listening and closes its files. Safe to call twice. */
  stop(): Promise<void>;
}

export type Log = (line: { readonly message: string; readonly [field: string]: unknown }) => void;
