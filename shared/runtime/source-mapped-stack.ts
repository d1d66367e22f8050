import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** A place in a bundle, as V8 writes it: file, line and column, both counted from 1. */
const PLACE = /((?:[A-Za-z]:)?[/\\][^\s():]*[/\\]bundle\.js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/**
 * A stack whose places in a bundle are those of the TypeScript sources, by the map that the build puts beside the bundle
 * (`bundle.js.map`). A map takes some 30 ms to read, so the first error that is logged pays for it and a start does not. A
 * place without a map stays as it is.
 */
export function sourceMappedStack(stack: string): string {
  return stack.replaceAll(PLACE, (place, bundle: string, line: string, column: string) => {
    const origin = mapOf(bundle)?.findOrigin(Number(line), Number(column));
    if (origin === undefined || !('fileName' in origin)) return place;
    return `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

function mapOf(bundle: string): SourceMap | undefined {
  if (!maps.has(bundle)) maps.set(bundle, readMap(`${bundle}.map`));
  return maps.get(bundle);
}

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
  } catch {
    // Without a map a stack names places in the bundle, which is worth logging all the same.
    return undefined;
  }
}
