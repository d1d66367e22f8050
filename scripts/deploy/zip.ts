import { zipSync, type Zippable } from 'fflate';

/** One file of an archive. */
export interface ZipEntry {
  /** Inside the archive; ASCII, with forward slashes. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** The earliest day that a zip can hold; zips have the time of day of the place where they are made. */
const EARLIEST = new Date(1980, 0, 1);
/** Unix, so that readers believe the mode: the upper half of the attributes. */
const UNIX = 3;
const REGULAR_FILE_0644 = 0o100644 * 0x10000;

/**
 * A zip whose bytes depend on names and contents alone: entries sorted, times and modes fixed, nothing compressed, since
 * compressors differ between machines (`infra/decisions/stored-zips.md`).
 */
export function zipOf(entries: readonly ZipEntry[]): Uint8Array {
  const files: Zippable = {};
  for (const { path, content } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) files[path] = content;
  return zipSync(files, { level: 0, mtime: EARLIEST, os: UNIX, attrs: REGULAR_FILE_0644 });
}
