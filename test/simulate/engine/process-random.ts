import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { seededRandom } from '#test/support/seeded-random.ts';

/**
 * Makes every random number of this process depend on the seed: ids and addresses that the emulators assign, and the
 * jitter of Google's clients.
 */
export function seedProcessRandom(seed: number): void {
  const random = seededRandom(seed ^ 0x5eed5eed);
  Math.random = () => random.fraction();
  Object.assign(crypto, {
    randomBytes: (count: number) => Buffer.from(random.hex(count), 'hex'),
  });
  syncBuiltinESMExports();
}
