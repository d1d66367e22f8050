/**
 * Runs a program and ends it when this process's parent ends: a Java emulator would otherwise outlive a killed `npm
 * start`. Forked with the program and its arguments.
 */
import { spawn } from 'node:child_process';

const [program = '', ...programArguments] = process.argv.slice(2);
const child = spawn(program, programArguments, { stdio: ['ignore', 'inherit', 'inherit'] });

child.once('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.once('exit', (code) => process.exit(code ?? 1));
// The terminal sends Ctrl-C to every process of the group, but the parent decides when the program ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGKILL'));
process.on('disconnect', () => child.kill('SIGKILL'));
