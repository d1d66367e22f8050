import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a JSON file that only its owner may read, all or nothing: a reader, or a process that is killed meanwhile, finds
 * either what was there before or the whole of the new text.
 */
export function writePrivateJson(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
