/**
 * Runs all benchmarks one after the other: cold start and memory, warm latency, throughput and round trips, scale, the
 * administrators' list, dollars. Each prints its table; all figures together are written to one JSON file.
 */
import { Command } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = join(ROOT, '.build/bench/results');

const PARTS = [
  ['cold-start', 'Cold start and memory of each function, beside an empty one'],
  ['warm', 'Warm latency, throughput and round trips, beside one bare look-up'],
  ['scale', 'Latency by number of records, and what a sweep costs'],
  ['admin-list', "Time and reads of the administrators' list among a million records"],
  ['cost', 'What a million requests and a thousand machines cost, in dollars'],
] as const;

async function main({ json, only }: { readonly json: string; readonly only?: readonly string[] }): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const results: Record<string, unknown> = {};
  for (const [name, title] of PARTS) {
    if (only !== undefined && !only.includes(name)) continue;
    console.log(`\n${title} (test/bench/${name}.ts)\n`);
    const file = join(FOLDER, `${name}.json`);
    const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    const [code] = (await once(spawn(process.execPath, [script, '--json', file], { stdio: 'inherit' }), 'exit')) as [
      number | null,
    ];
    if (code === 0) results[name] = JSON.parse(await readFile(file, 'utf8'));
    else process.exitCode = 1;
  }
  await writeFile(json, `${JSON.stringify(results, undefined, 2)}\n`);
  console.log(`\nAll figures: ${json}`);
}

const command = new Command('bench')
  .description(
    'Measures everything and prints tables. Takes its time: half an hour, on a machine that does nothing else.',
  )
  .option('--only <part...>', `of ${PARTS.map(([name]) => name).join(', ')}`)
  .option('--json <file>', 'where all figures go', join(FOLDER, 'all.json'))
  .parse();
await main(command.opts());
