import type { CatalogFindings } from '#scripts/catalog/check-machines.ts';
import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { Subscriptions } from './subscription-check.ts';

/** A problem, or something worth knowing, with its repair. */
export interface Finding {
  /**
   * `fault`: something does not work. `notice`: something waits for an operator, or an operator caused it on purpose.
   */
  readonly severity: 'fault' | 'notice';
  readonly check: CheckName;
  readonly finding: string;
  /** A command to paste, or other instructions. */
  readonly repair: string;
}

export const CHECKS = [
  'indexes',
  'sweep',
  'operations',
  'dead letters',
  'subscriptions',
  'machines',
  'disks',
  'catalogue',
  'customers',
  'keys',
  'functions',
  'latency',
  'injected faults',
] as const;
export type CheckName = (typeof CHECKS)[number];

export interface DoctorTools extends Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'> {
  readonly disks: Pick<Disks, 'list'>;
  /** Returns the rows of the catalogue that Compute Engine can never create. */
  readonly catalogFindings: () => Promise<CatalogFindings>;
  /** The command that deploys anew what is deployed. */
  readonly deployCommand: string;
  /** Lines of the functions' logs that a fault leaves; none where logs are elsewhere. */
  readonly logLines: () => readonly LogLine[];
  /**
   * Sends requests without a credential through the public gateway; `undefined` where there is no gateway. Throws if the
   * gateway's address is not known, or if the gateway does not answer.
   */
  readonly probe: () => Promise<Probed | undefined>;
  /** Returns the subscriptions; `undefined` where there is no Pub/Sub. */
  readonly subscriptions: () => Promise<Subscriptions | undefined>;
  /** Returns faults that were injected into the local cloud and not used up; none for a project. */
  readonly injectedFaults: () => Promise<InjectedFaults>;
}

export interface InjectedFaults {
  /** Descriptions, such as `instances.start of compute: error, 3 times`. */
  readonly faults: readonly string[];
  /** The command that removes the faults. */
  readonly repair: string;
}

export const NO_INJECTED_FAULTS: InjectedFaults = { faults: [], repair: '' };

/** What became of requests without a credential. */
export interface Probed {
  /** HTTP status of the answers; 401, and 429 after too many failed sign-ins, are right. */
  readonly status: number;
  /** What a function logged about them; `undefined`: the log lines were not found. */
  readonly seen: SeenHops | undefined;
}

/** How callers' addresses reach a function. */
export interface SeenHops {
  /** Number of addresses that proxies appended to the X-Forwarded-For of a request that had none. */
  readonly proxies: number;
  /** The function's FORWARDED_HOPS. */
  readonly hops: number;
}

/** The members of a log line that checks read. */
export interface LogLine {
  readonly message?: string;
  /** Version of Node.js. */
  readonly node?: string;
  readonly requestId?: string;
  readonly forwardedEntries?: number;
  readonly forwardedHops?: number;
}

/** Returns the check's findings; throws if the check cannot be made. */
export type Check = (tools: DoctorTools) => Promise<readonly Finding[]>;
