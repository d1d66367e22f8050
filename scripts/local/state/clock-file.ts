import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateJson } from './private-file.ts';

/** Remembers how far the shared clock is ahead: a time that went back at a restart would un-expire what had expired. */
export class ClockFile {
  readonly #file: string;

  constructor(stateFolder: string) {
    this.#file = join(stateFolder, 'clock.json');
  }

  /** 0 when there is none. */
  readOffsetMs(): number {
    try {
      const { offsetMs } = JSON.parse(readFileSync(this.#file, 'utf8')) as { offsetMs?: unknown };
      return typeof offsetMs === 'number' && Number.isFinite(offsetMs) ? offsetMs : 0;
    } catch {
      // Never moved.
      return 0;
    }
  }

  write(offsetMs: number): void {
    writePrivateJson(this.#file, { offsetMs });
  }
}
