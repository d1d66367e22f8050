import { zipSync, type Zippable } from 'fflate';

/** A file of an archive. */
export interface ZipEntry {
  /** Path inside the archive; ASCII, with forward slashes. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** The earliest date that a zip can store. Zips store local time, so this is midnight in the local time zone. */
const EARLIEST = new Date(1980, 0, 1);
/** Host system "Unix", so that readers take the file mode from the upper half of the attributes. */
const UNIX = 3;
const REGULAR_FILE_0644 = 0o100644 * 0x10000;

/**
 * Returns a zip whose bytes depend only on names and contents: entries are sorted, times and modes fixed, and nothing
 * is compressed, because compressors differ between machines (`infra/decisions/stored-zips.md`).
 */
export function zipOf(entries: readonly ZipEntry[]): Uint8Array {
  const files: Zippable = {};
  for (const { path, content } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) files[path] = content;
  return zipSync(files, { level: 0, mtime: EARLIEST, os: UNIX, attrs: REGULAR_FILE_0644 });
}
