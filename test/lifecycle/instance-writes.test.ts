import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SHARED = fileURLToPath(new URL('../../shared', import.meta.url));

test('no other file makes, removes or ends instances, events or price periods: none can forget what belongs together', () => {
  const writers = readdirSync(SHARED, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) =>
      /\b(insert|put|erase)\((INSTANCE|EVENT|PRICE_PERIOD)\b/.test(readFileSync(join(SHARED, file), 'utf8')),
    );

  expect(writers).toEqual(['lifecycle/instance-writes.ts']);
});
