import { consoleLine } from '#scripts/platform/console/console-line.ts';

process.exitCode = await consoleLine().run(process.argv.slice(2));
