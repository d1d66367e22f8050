import { recordLine } from './record-line.ts';

process.exitCode = await recordLine().run(process.argv.slice(2));
