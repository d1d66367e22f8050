import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { statusOf } from '#scripts/generate/family-document.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';

interface Walked {
  readonly sent: readonly { readonly endpoint: string; readonly reason: string; readonly status: number }[];
  readonly bodies: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const ROOT = join(import.meta.dirname, '../..');
const OUTPUT_BYTES_MAX = 10 * 1024 * 1024;

let walked: Walked;

/** Runs in a process of its own, because the walk replaces clock, timers and network of its process. */
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-semi-space-size=64', join(ROOT, 'test/contracts/reasons/index.ts')],
    { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX },
  );
  walked = JSON.parse(stdout) as Walked;
});

const documented = CONTRACTS.flatMap(({ name, family, failures }) =>
  failures.map((reason) => `${name} ${statusOf(family, reason)} ${reason}`),
);

function sent(): ReadonlySet<string> {
  return new Set(walked.sent.map(({ endpoint, status, reason }) => `${endpoint} ${status} ${reason}`));
}

test(`each of the ${documented.length} documented pairs of endpoint and reason was brought about, with its status`, () => {
  const seen = sent();
  expect(documented.filter((pair) => !seen.has(pair))).toEqual([]);
});

test('no endpoint sent a reason or a status that its contract does not name', () => {
  const known = new Set(documented);
  expect([...sent()].filter((pair) => !known.has(pair))).toEqual([]);
});

test('the examples of failures in the OpenAPI document are what real failures produced', async () => {
  const recorded = `${JSON.stringify(sortedBodies(), null, 2)}\n`;
  await expect(recorded).toMatchFileSnapshot('../../scripts/generate/failure-examples.json');
});

/** Returns the bodies sorted by family and reason. */
function sortedBodies(): object {
  const sorted = (map: object) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(Object.fromEntries(Object.entries(walked.bodies).map(([family, bodies]) => [family, sorted(bodies)])));
}
