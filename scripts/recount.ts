import { recountLine } from './recount/recount-line.ts';

process.exitCode = await recountLine().run(process.argv.slice(2));
