import { catalogLine } from '#scripts/catalog/catalog-line.ts';

process.exitCode = await catalogLine().run(process.argv.slice(2));
