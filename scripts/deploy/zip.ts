import { crc32 } from 'node:zlib';

/** One file of an archive. */
export interface ZipEntry {
  /** Inside the archive; ASCII, with forward slashes. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** The earliest time that a zip can hold: 1980-01-01, midnight. */
const DOS_DATE = (1 << 5) | 1;
const DOS_TIME = 0;
const VERSION_NEEDED = 20;
/** Written by a Unix, so that readers believe the mode. */
const MADE_BY_UNIX = (3 << 8) | VERSION_NEEDED;
const REGULAR_FILE_0644 = 0o100644;
const STORED = 0;

/**
 * A zip whose bytes depend on names and contents alone: entries sorted, times and modes fixed, nothing compressed, since
 * compressors differ between machines (`infra/decisions/0010-stored-zips.md`).
 */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content } of sorted) {
    const name = Buffer.from(path, 'ascii');
    const header = shared(name, content);
    const local = Buffer.concat([signature(0x04034b50), header, name, content]);
    directory.push(Buffer.concat([signature(0x02014b50), uint16(MADE_BY_UNIX), header, directoryTail(offset), name]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.concat([
    signature(0x06054b50),
    uint16(0),
    uint16(0),
    uint16(sorted.length),
    uint16(sorted.length),
    uint32(central.length),
    uint32(offset),
    uint16(0),
  ]);
  return Buffer.concat([...parts, central, end]);
}

/** What the header before a file and its entry in the directory have in common: from the version to the lengths. */
function shared(name: Buffer, content: Uint8Array): Buffer {
  return Buffer.concat([
    uint16(VERSION_NEEDED),
    uint16(0),
    uint16(STORED),
    uint16(DOS_TIME),
    uint16(DOS_DATE),
    uint32(crc32(content)),
    uint32(content.length),
    uint32(content.length),
    uint16(name.length),
    uint16(0),
  ]);
}

/** Of a directory entry: no comment, first disk, no internal attributes, the mode, and where the file begins. */
function directoryTail(offset: number): Buffer {
  return Buffer.concat([uint16(0), uint16(0), uint16(0), uint32(REGULAR_FILE_0644 * 0x10000), uint32(offset)]);
}

function signature(value: number): Buffer {
  return uint32(value);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
