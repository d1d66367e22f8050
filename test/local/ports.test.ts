import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { reusablePort } from '#scripts/local/state/ports.ts';

test('without a port from before the system chooses, so that two clouds that start at once never choose the same', async () => {
  expect(await reusablePort(undefined)).toBe(0);
});

test('a port from before is taken again where it is free, and left to others where it is not', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;

  expect(await reusablePort(port)).toBe(0);

  await new Promise<void>((resolve) => other.close(() => resolve()));
  expect(await reusablePort(port)).toBe(port);
});
