import type { CatalogFindings } from '#scripts/catalog/check-machines.ts';
import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** One thing that is wrong, or worth knowing, and what repairs it. */
export interface Finding {
  /** `fault`: something does not work. `notice`: something waits for an operator, or is as an operator wanted it. */
  readonly severity: 'fault' | 'notice';
  readonly check: CheckName;
  readonly finding: string;
  /** A command to paste, or what else to do. */
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
  /** Rows of the catalogue that Compute Engine can never make. */
  readonly catalogFindings: () => Promise<CatalogFindings>;
  /** Lines of the functions' logs that a fault leaves; none where logs are elsewhere. */
  readonly logLines: () => readonly LogLine[];
  /** The address that a function takes for the caller's, of a request that claims FORGED_ADDRESS; `undefined`: not known. */
  readonly probedAddress: () => Promise<string | undefined>;
  /** Faults that were injected into the local cloud and have not been spent; none on a project. */
  readonly injectedFaults: () => Promise<InjectedFaults>;
}

export interface InjectedFaults {
  /** In words: `instances.start of compute: error, 3 times`. */
  readonly faults: readonly string[];
  /** The command that takes them away. */
  readonly repair: string;
}

export const NO_INJECTED_FAULTS: InjectedFaults = { faults: [], repair: '' };

/** Sent as the first entry of X-Forwarded-For; an address for documentation that no caller has (RFC 5737). */
export const FORGED_ADDRESS = '192.0.2.1';

/** The members of a log line that checks read. */
export interface LogLine {
  readonly message?: string;
  readonly function?: string;
  readonly requestId?: string;
  readonly address?: string;
}

/** What a check finds; throws when it cannot look. */
export type Check = (tools: DoctorTools) => Promise<readonly Finding[]>;
