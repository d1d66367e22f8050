import { ClockFile } from '#scripts/local/state/clock-file.ts';
import type { Session } from './command-line.ts';

type Place = Pick<Session, 'place'>;

/** The time of what a command works on: the local cloud's clock may have been moved, and leases and ends are of that clock. */
export function clockOf({ place }: Place): () => number {
  if (place.target.emulatorHost === undefined) return () => Date.now();
  const offsetMs = new ClockFile(stateFolder(place)).readOffsetMs();
  return () => Date.now() + offsetMs;
}

/** Where the local cloud keeps its state. */
export function stateFolder({ options, environment }: Session['place']): string {
  return options.stateDir ?? environment['LOCAL_STATE_DIR'] ?? '.local';
}
