import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { MissingProgram, runProgram } from '#scripts/deploy/programs.ts';

const IN = { cwd: tmpdir(), environment: { GREETING: 'hello' } };

test('a program is given its arguments, input and environment and nothing else, and its answer is kept', async () => {
  const code = `
    let input = '';
    process.stdin.on('data', (chunk) => (input += chunk)).on('end', () => {
      console.log([process.argv[1], input, process.env.GREETING, process.env.PATH].join());
      console.error('told');
      process.exitCode = 3;
    });`;

  const finished = await runProgram(process.execPath, ['-e', code, 'argument'], { ...IN, input: 'given' });

  expect(finished).toEqual({ code: 3, stdout: 'argument,given,hello,\n', stderr: 'told\n' });
});

test('a program that is not there is named', async () => {
  await expect(runProgram('no-such-program', [], IN)).rejects.toThrow(new MissingProgram('no-such-program'));
});
