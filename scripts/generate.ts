import { Command } from 'commander';
import { fileURLToPath } from 'node:url';
import { drift, writeOutputs } from '#scripts/generate/outputs.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const { check, ignoredOnly } = new Command('generate')
  .description(
    'Writes everything that is made from the contracts: checks for the functions, infra/generated/functions.json and the OpenAPI documents.',
  )
  .option('--check', 'write nothing; name each file that would change, and exit with 1 if there is one', false)
  .option('--ignored-only', 'write only what git ignores, so that a drift of committed files stays visible', false)
  .parse()
  .opts<{ check: boolean; ignoredOnly: boolean }>();

if (check) {
  const changed = await drift(root);
  for (const path of changed) console.error(`${path} is not what the contracts say; run \`npm run generate\`.`);
  process.exitCode = changed.length === 0 ? 0 : 1;
} else {
  const changed = await writeOutputs(root, { ignoredOnly });
  const committed = changed.filter((path) => !path.startsWith('.build/'));
  for (const path of committed) console.log(`wrote ${path}`);
  const checks = changed.length - committed.length;
  if (checks > 0) console.log(`wrote ${checks} files of endpoints and their checks below .build/endpoints`);
  // Set-up makes only the ignored files, before another command.
  if (changed.length === 0 && !ignoredOnly) console.log('Nothing changed.');
}
