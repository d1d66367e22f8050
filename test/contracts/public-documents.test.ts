import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { statusOf } from '#scripts/generate/family-document.ts';
import { publicDocument } from '#scripts/generate/public-document.ts';
import { publicDocuments } from '#scripts/generate/public-documents.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';

const GENERATED = fileURLToPath(new URL('../../infra/generated', import.meta.url));
const REDOCLY = fileURLToPath(new URL('../../node_modules/@redocly/cli/bin/cli.js', import.meta.url));

/** Small enough for a program to read at once, and for a slow connection to load in a second. */
const BYTES_MAX = 150_000;

const whole = publicDocument(CONTRACTS, '1.0.0');
const documents = [...publicDocuments(CONTRACTS, '1.0.0')];

interface Operation {
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

test("passes Redocly's recommended rules without an error, all documents read through the one that refers to them", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [REDOCLY, 'lint', join(GENERATED, 'openapi.json'), '--extends', 'recommended', '--format', 'json'],
    { env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }, maxBuffer: 1 << 24 },
  );

  const report = JSON.parse(stdout) as { readonly totals: { readonly errors: number } };
  expect(report.totals.errors).toBe(0);
});

describe.each(documents)('%s', (path, document) => {
  test('is below 150 KB without white space', () => {
    expect(Buffer.byteLength(JSON.stringify(document)), path).toBeLessThan(BYTES_MAX);
  });

  test('holds everything that it refers to, and nothing that it does not need', () => {
    const text = JSON.stringify(document);
    const components = (document['components'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const held = Object.entries(components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, named]) => Object.keys(named).map((name) => `${kind}/${name}`));
    const named = [...text.matchAll(/"#\/components\/([^"]+)"/g)].map(([, reference]) => reference);

    expect([...new Set(named)].sort()).toEqual(held.sort());
  });
});

test('every path is in exactly one document, with all its operations, and the document of all refers to it there', () => {
  const [[, all] = ['', {}], ...parts] = documents;
  const places = parts.flatMap(([path, part]) =>
    Object.entries(part['paths'] as object).map(([template, item]) => ({ path, template, item: item as unknown })),
  );

  expect(Object.fromEntries(places.map(({ template, item }) => [template, item]))).toEqual(whole.paths);
  expect(places).toHaveLength(Object.keys(whole.paths).length);
  const references = Object.fromEntries(
    places.map(({ path, template }) => [
      template,
      { $ref: `${path}#/paths/${encodeURIComponent(template.replaceAll('/', '~1'))}` },
    ]),
  );
  expect(all['paths']).toEqual(references);
});

test('holds every endpoint, and every status that it can answer', () => {
  const paths = whole.paths as unknown as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  for (const { path, method, family, success, failures } of CONTRACTS) {
    const expected = [
      ...success.map(({ status }) => status),
      ...failures.map((reason) => statusOf(family, reason)),
    ].map(String);
    const documented = Object.keys(paths[path]?.[method.toLowerCase()]?.responses ?? {});
    expect(documented.sort()).toEqual([...new Set(expected)].sort());
  }
});

test('names, for each endpoint and status, exactly the reasons of its contract', () => {
  const paths = whole.paths as unknown as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  for (const { path, method, family, failures } of CONTRACTS) {
    const responses = paths[path]?.[method.toLowerCase()]?.responses ?? {};
    for (const [status, { $ref = '' }] of Object.entries(responses)) {
      const named = reasonsIn(whole.components['responses']?.[$ref.slice($ref.lastIndexOf('/') + 1)]);
      const expected = failures.filter((reason) => String(statusOf(family, reason)) === status);
      expect(named.sort(), `${method} ${path} ${status}`).toEqual([...expected].sort());
    }
  }
});

/** Returns the reasons of an error response: the enum in its body's schema or of `x-error-reason`. */
function reasonsIn(response: unknown): string[] {
  const [, words = '[]'] = /"enum":(\[[^\]]*\])/.exec(JSON.stringify(response ?? {})) ?? [];
  return JSON.parse(words) as string[];
}

describe('every pattern', () => {
  const patterns = [...new Set(documents.flatMap(([, document]) => patternsIn(document)))];

  test('is written in what RE2 and the engines of other languages share', () => {
    expect(patterns.length).toBeGreaterThan(5);
    for (const pattern of patterns) expect(notShared(pattern), pattern).toEqual([]);
  });

  test.each([
    ['^\\p{L}+$', 'a class of Unicode'],
    ['^(?=a)a$', 'a look around'],
    ['^(?<!a)b$', 'a look around'],
    ['^(a)\\1$', 'a back reference'],
    ['^[\\u00e9]$', 'an escape of one language'],
    ['^a{1,2000}$', 'a count above 1000'],
    ['^a++$', 'a possessive quantifier'],
  ])('%s is refused: %s', (pattern, reason) => {
    expect(notShared(pattern)).toContain(reason);
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  if (!python) console.warn("skipped: compiling the patterns with Python's re, because there is no python3.");

  test.skipIf(!python)("compiles with Python's re", () => {
    const program = 'import json, re, sys\nfor pattern in json.load(sys.stdin): re.compile(pattern)';
    const { status, stderr } = spawnSync('python3', ['-c', program], { input: JSON.stringify(patterns) });

    expect(status, stderr.toString()).toBe(0);
  });
});

/** Returns the values of the keyword `pattern`; a member of an object may have that name too. */
function patternsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) =>
    key === 'pattern' && typeof inside === 'string' ? [inside] : patternsIn(inside),
  );
}

/**
 * Syntax that RE2 (https://github.com/google/re2/wiki/Syntax) or Python's `re` refuses or interprets differently than
 * JavaScript.
 */
const NOT_SHARED: readonly (readonly [RegExp, string])[] = [
  [/\\[pP]/, 'a class of Unicode'],
  [/\(\?<?[=!]/, 'a look around'],
  [/\\[1-9]|\\k</, 'a back reference'],
  [/\\[uc]/, 'an escape of one language'],
  [/[*+?}]\+/, 'a possessive quantifier'],
];

function notShared(pattern: string): readonly string[] {
  // In a character class, special characters stand for themselves; escapes mean the same inside and outside.
  const signs = pattern.replaceAll(/\[(?:\\.|[^\]\\])*\]/g, (set) => (set.match(/\\./g) ?? []).join(''));
  const counts = [...signs.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, least, most]) => [least, most]);
  return [
    ...NOT_SHARED.filter(([form]) => form.test(signs)).map(([, reason]) => reason),
    ...(counts.some((count) => Number(count ?? 0) > 1000) ? ['a count above 1000'] : []),
  ];
}
