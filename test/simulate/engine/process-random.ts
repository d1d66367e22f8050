import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { seededRandom } from '#test/support/seeded-random.ts';

/**
 * From now on everything that is random in this process follows from the seed: ids and addresses that the emulators give,
 * the spread of waits in Google's clients.
 */
export function seedProcessRandom(seed: number): void {
  const random = seededRandom(seed ^ 0x5eed5eed);
  Math.random = () => random.fraction();
  Object.assign(crypto, {
    randomBytes: (count: number) => Buffer.from(random.hex(count), 'hex'),
  });
  syncBuiltinESMExports();
}
