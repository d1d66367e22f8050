import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { join } from 'node:path';

/** A log that has grown beyond this is put aside when the next run begins. */
const BYTES_MAX = 32 * 1024 * 1024;

/** One file of `logs/`, to which lines are added. */
export class LogFile {
  readonly path: string;
  readonly #stream: WriteStream;

  /** `onTrouble`: the file cannot be written; the program goes on without it. */
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
