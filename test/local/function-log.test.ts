import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FunctionLog, errorLine } from '#scripts/local/functions/function-log.ts';

test('everything is kept, and only errors are shown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const shown: string[] = [];
  const log = new FunctionLog(folder, (line) => shown.push(line));

  log.write('{"severity":"INFO","message":"fine"}', 'stdout');
  log.write('{"severity":"ERROR","message":"broken","requestId":"r-1"}', 'stdout');
  await log.close();

  expect(shown).toEqual(['ERROR broken (r-1)']);
  expect(readFileSync(log.file, 'utf8').trim().split('\n')).toHaveLength(2);
});

test.each([
  [
    '{"severity":"ERROR","message":"no answer","err":{"message":"boom\\nat x"},"errorId":"e"}',
    'ERROR no answer boom (e)',
  ],
  ['{"severity":"WARNING","message":"slow"}', undefined],
  ['plain text', undefined],
  ['{not json', undefined],
])('of what is printed as %s the terminal shows %s', (line, shown) => {
  expect(errorLine(line, 'stdout')).toBe(shown);
});

test('what a function prints as an error is shown, whatever it is', () => {
  expect(errorLine('TypeError: x is not a function', 'stderr')).toBe('function: TypeError: x is not a function');
  expect(errorLine('   ', 'stderr')).toBeUndefined();
  expect(errorLine('(node:12) SomeWarning: something is old', 'stderr')).toBeUndefined();
});
