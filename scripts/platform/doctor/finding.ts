import type { CatalogFindings } from '#scripts/catalog/check-machines.ts';
import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

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
   * Sends a request that claims FORGED_ADDRESS and returns the address that a function took for the caller's;
   * `undefined` if it is not known.
   */
  readonly probedAddress: () => Promise<string | undefined>;
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

/**
 * Sent as the first entry of X-Forwarded-For: an address reserved for documentation, which no caller has (RFC 5737).
 */
export const FORGED_ADDRESS = '192.0.2.1';

/** The members of a log line that checks read. */
export interface LogLine {
  readonly message?: string;
  /** Version of Node.js. */
  readonly node?: string;
  readonly requestId?: string;
  readonly address?: string;
}

/** Returns the check's findings; throws if the check cannot be made. */
export type Check = (tools: DoctorTools) => Promise<readonly Finding[]>;
