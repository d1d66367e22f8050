import { platformLine } from '#scripts/platform/platform-line.ts';

process.exitCode = await platformLine().run(process.argv.slice(2));
