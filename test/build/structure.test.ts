import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const LINES_PER_FILE_MAX = 400;
const LINES_PER_CLASS_MAX = 250;

/** Files and classes that may be longer than the limit, with the reason. */
const ONE_CLOUD = 'its tests share one local cloud, which takes seconds to start';
const ONE_SUBJECT = 'a list of short cases about one thing, read one at a time';
const LONGER: Readonly<Record<string, string>> = {
  'test/actions/spec-blueprint.test.ts': ONE_SUBJECT,
  'test/conformance/datastore-embedded.test.ts': ONE_SUBJECT,
  'test/datastore/row-samples.ts': ONE_SUBJECT,
  'test/datastore/store.test.ts': ONE_SUBJECT,
  'test/emulators/datastore/query.test.ts': ONE_SUBJECT,
  'test/end-to-end/contract-walk.test.ts': ONE_CLOUD,
  'test/end-to-end/resource-family.test.ts': ONE_CLOUD,
  'test/http/pipeline.test.ts': ONE_SUBJECT,
  'test/local/gateway.test.ts': ONE_SUBJECT,
};

interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const SOURCES: readonly Source[] = ['functions', 'shared', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const path = posix.join(folder, file.replaceAll('\\', '/'));
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest) };
    }),
);

/** Returns the project's own files that a source imports at run time; type imports are left out. */
function importsOf({ path, tree }: Source): readonly string[] {
  return tree.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    if (ts.isExportDeclaration(statement) ? statement.isTypeOnly : isTypeOnly(statement)) return [];
    const { text } = moduleSpecifier;
    if (text.startsWith('.')) return [posix.join(posix.dirname(path), text)];
    return /^#(functions|shared|scripts|test)\//.test(text) ? [text.slice(1)] : [];
  });
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every((element) => element.isTypeOnly);
}

/** Returns every import cycle once, as the files along it. */
function circles(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) {
      found.push([...way.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

interface Length {
  readonly name: string;
  readonly lines: number;
  readonly most: number;
}

/** Returns the lengths of a file and its classes, with their limits. */
function lengths({ path, text, tree }: Source): readonly Length[] {
  const classes = tree.statements.filter(ts.isClassDeclaration).map((declaration) => {
    const first = tree.getLineAndCharacterOfPosition(declaration.getStart(tree)).line;
    const last = tree.getLineAndCharacterOfPosition(declaration.getEnd()).line;
    return { name: `${path} ${declaration.name?.text ?? 'class'}`, lines: last - first + 1, most: LINES_PER_CLASS_MAX };
  });
  return [{ name: path, lines: text.trimEnd().split('\n').length, most: LINES_PER_FILE_MAX }, ...classes];
}

/** Returns what is longer than its limit, one sentence each. */
function tooLong(source: Source): readonly string[] {
  return lengths(source)
    .filter(({ name, lines, most }) => lines > most && LONGER[name] === undefined)
    .map(({ name, lines }) => `${name} has ${lines} lines`);
}

describe('the sources', () => {
  it('import each other without a circle', () => {
    expect(circles(new Map(SOURCES.map((source) => [source.path, importsOf(source)])))).toEqual([]);
  });

  it('are files of at most 400 lines, and classes of at most 250', () => {
    expect(SOURCES.flatMap(tooLong)).toEqual([]);
  });

  it('have no exception that nothing needs any more', () => {
    const long = SOURCES.flatMap((source) => lengths(source).filter(({ lines, most }) => lines > most));
    const needed = long.map(({ name }) => name);
    expect(Object.keys(LONGER).filter((name) => !needed.includes(name))).toEqual([]);
  });
});

describe('a circle', () => {
  it('is named by the files along it', () => {
    const imports = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);

    expect(circles(imports)).toEqual(['b → c → b']);
  });
});
