import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { join } from 'node:path';

/** A larger log is renamed when the next run begins. */
const BYTES_MAX = 32 * 1024 * 1024;

/** A log file in `logs/`, to which lines are appended. */
export class LogFile {
  readonly path: string;
  readonly #stream: WriteStream;

  /** `onTrouble` is called if the file cannot be written; the program continues without it. */
  constructor(stateFolder: string, name: string, onTrouble: (message: string) => void) {
    const folder = join(stateFolder, 'logs');
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, name);
    if ((statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) > BYTES_MAX)
      renameSync(this.path, `${this.path}.1`);
    this.#stream = createWriteStream(this.path, { flags: 'a' });
    this.#stream.on('error', (error) => onTrouble(`The log ${name} cannot be written: ${error.message}`));
  }

  write(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#stream.end(resolve));
  }
}
