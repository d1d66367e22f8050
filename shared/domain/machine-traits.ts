import type { Accelerator, Architecture } from './catalog.ts';

/*
 * Restrictions of machine series that matter when a VM is created or stopped. A test compares them with all machine
 * types that the local Compute Engine emulator knows.
 */

/**
 * Series whose VMs cannot move to another host while they run
 * (https://docs.cloud.google.com/compute/docs/instances/live-migration-process#limitations).
 */
const NO_LIVE_MIGRATION: ReadonlySet<string> = new Set([
  'a2',
  'a3',
  'a4',
  'a4x',
  'ct6e',
  'g2',
  'g4',
  'h3',
  'h4d',
  'tpu7x',
  'x4',
]);

/** Series with Arm processors (https://docs.cloud.google.com/compute/docs/instances/arm-on-compute). */
const ARM: ReadonlySet<string> = new Set(['a4x', 'c4a', 'n4a', 't2a']);

/** Series whose machine types include Local SSD, except those with `-nolssd` in their name. */
const OWN_LOCAL_SSD: ReadonlySet<string> = new Set(['a3', 'a4', 'a4x', 'g4', 'z3']);

/** The properties of a VM that these rules use. */
interface Parts {
  readonly machineType: string;
  readonly accelerator: Accelerator | null;
  readonly localSsds: number;
}

/** Returns `n2` for `n2-standard-2`. N1 was the first series, so its custom types have no series in their name. */
export function seriesOf(machineType: string): string {
  return machineType.startsWith('custom-') ? 'n1' : (machineType.split('-', 1)[0] ?? '');
}

export function architectureOf(machineType: string): Architecture {
  return ARM.has(seriesOf(machineType)) ? 'ARM64' : 'X86_64';
}

/** Returns whether the VM must be set to terminate on host maintenance; Compute Engine refuses the insert otherwise. */
export function mustTerminate({ machineType, accelerator }: Omit<Parts, 'localSsds'>): boolean {
  return accelerator !== null || machineType.endsWith('-metal') || NO_LIVE_MIGRATION.has(seriesOf(machineType));
}

/** Returns whether GPUs can be added to a machine type. Other series with GPUs include them in their machine types. */
export function takesAccelerators(machineType: string): boolean {
  return seriesOf(machineType) === 'n1';
}

/** Returns whether a stop of the VM loses data, because it has Local SSD, included or added. */
export function hasLocalSsd({ machineType, localSsds }: Omit<Parts, 'accelerator'>): boolean {
  if (localSsds > 0) return true;
  if (machineType.includes('-nolssd')) return false;
  return (
    machineType.includes('lssd') || machineType.startsWith('a2-ultragpu-') || OWN_LOCAL_SSD.has(seriesOf(machineType))
  );
}
