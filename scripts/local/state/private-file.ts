import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a JSON file that only its owner may read, in one step: readers find either the former or the whole new
 * content, even if this process is killed meanwhile.
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
