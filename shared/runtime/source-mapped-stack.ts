import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';

/** A location in a bundle in V8's format: file, line and column, both counted from 1. */
const PLACE = /((?:[A-Za-z]:)?[/\\][^\s():]*[/\\]bundle\.js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/**
 * Replaces the bundle's locations in a stack by those of the TypeScript sources, with the source map next to the bundle
 * (`bundle.js.map`). Reading the map takes about 30 ms, so it is read for the first logged error and not at start.
 * Locations without a map are kept.
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
    // Without a map the stack keeps the bundle's locations, which are still useful in the log.
    return undefined;
  }
}
