import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateJson } from './private-file.ts';

/**
 * Stores how far the shared clock is ahead, so that time does not go back at a restart and expired things stay expired.
 */
export class ClockFile {
  readonly #file: string;

  constructor(stateFolder: string) {
    this.#file = join(stateFolder, 'clock.json');
  }

  /** Returns the stored offset; 0 if there is none. */
  readOffsetMs(): number {
    try {
      const { offsetMs } = JSON.parse(readFileSync(this.#file, 'utf8')) as { offsetMs?: unknown };
      return typeof offsetMs === 'number' && Number.isFinite(offsetMs) ? offsetMs : 0;
    } catch {
      // The clock was never moved.
      return 0;
    }
  }

  write(offsetMs: number): void {
    writePrivateJson(this.#file, { offsetMs });
  }
}
