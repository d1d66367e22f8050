import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = pathToFileURL(join(import.meta.dirname, '../../scripts/console/outlive-output.ts')).href;

/** Prints a line on each command, and exits with 7 on the command to end. */
const PROGRAM = `
import { outliveOutput } from ${JSON.stringify(MODULE)};
outliveOutput();
process.on('message', (word) => {
  if (word === 'end') process.exit(7);
  console.error('a function host ended, and is started again');
  setImmediate(() => process.send(word));
});
process.send('ready');
`;

/* The local cloud ended at the second line that it printed after the reader of its output had ended. */
test('a process whose output nothing reads any more goes on', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit');
  await once(child, 'message');
  child.stdout?.destroy();
  child.stderr?.destroy();

  for (let line = 0; line < 4; line += 1) {
    const printed = once(child, 'message');
    child.send(line);
    await Promise.race([printed, exited]);
  }
  if (child.connected) child.send('end');

  expect(await exited).toEqual([7, null]);
});

/* `| head -1` behind a command ended it with the text of EPIPE and its stack, in the midst of its work. */
test('a command whose output nothing reads ends as if it were read', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../scripts/recount.ts'), '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));

  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('');
});
