import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const INFRA = fileURLToPath(new URL('../../infra', import.meta.url));

/** A top-level block of a file: `resource "type" "name" { … }`. */
export interface Block {
  readonly file: string;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly body: string;
}

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Returns all files `infra/*.tf` with their texts. */
export function terraformFiles(): readonly SourceFile[] {
  return readdirSync(INFRA)
    .filter((name) => name.endsWith('.tf'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(INFRA, name), 'utf8') }));
}

/** Returns the blocks of formatted files: each begins at the left margin and ends with a brace there. */
export function blocks(files: readonly SourceFile[] = terraformFiles()): readonly Block[] {
  return files.flatMap(({ name, text }) =>
    [...text.matchAll(/^([a-z]+)((?: "[^"]+")*) \{\n([\s\S]*?)^\}/gm)].map(([, kind = '', labels = '', body = '']) => ({
      file: name,
      kind,
      labels: [...labels.matchAll(/"([^"]+)"/g)].map(([, label = '']) => label),
      body,
    })),
  );
}

/** Returns the parsed content of a generated file. */
export function generated(path: string): unknown {
  return JSON.parse(readFileSync(join(INFRA, 'generated', path), 'utf8'));
}
