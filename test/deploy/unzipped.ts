import { crc32 } from 'node:zlib';

/** Returns the files of a zip without compression, by its directory. Throws if a checksum or a header is wrong. */
export function unzipped(archive: Uint8Array): Readonly<Record<string, string>> {
  const zip = Buffer.from(archive);
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  const files: Record<string, string> = {};
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Error(`There is no directory entry at ${at}.`);
    const [sum, size, nameLength] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24), zip.readUInt16LE(at + 28)];
    const [mode, offset] = [zip.readUInt32LE(at + 38) >>> 16, zip.readUInt32LE(at + 42)];
    const name = zip.toString('latin1', at + 46, at + 46 + nameLength);
    if (zip.readUInt32LE(offset) !== 0x04034b50) throw new Error(`There is no file at ${offset}.`);
    const begin = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
    const content = zip.subarray(begin, begin + size);
    if (crc32(content) !== sum) throw new Error(`The checksum of ${name} is wrong.`);
    if (mode !== 0o100644) throw new Error(`The mode of ${name} is ${mode.toString(8)}.`);
    files[name] = content.toString();
    at += 46 + nameLength;
  }
  return files;
}
