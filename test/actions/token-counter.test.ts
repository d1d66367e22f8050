import { expect, test } from 'vitest';
import { TokenCounter } from '#shared/actions/token-counter.ts';
import type { Random } from '#shared/domain/ids.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const WORLDS = 20;
const STEPS = 300;
const LIMIT = 1_000;
/** 5 % of the limit. */
const AHEAD_MAX = 50;

const settled = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Simulates a minute of processes that share one counter and run in any order. In each step a process gets a burst of
 * requests, a response of the row arrives, or time passes; now and then all requests are completed. Returns the most
 * tokens that were taken from the row and not handed out at such a moment (`most`), and the counters with which the
 * next minute begins (`counters`).
 */
async function minute(before: readonly (TokenCounter | undefined)[], random: Random) {
  const row = { count: 0, ahead: 0 };
  const answers: (() => void)[] = [];
  let [nowMs, handedOut, most] = [0, 0, 0];
  const increment = ({ count, ahead }: { readonly count: number; readonly ahead: number }) => {
    row.count += count;
    row.ahead += ahead;
    const values = [row.count, row.ahead];
    return new Promise<readonly number[]>((resolve) => answers.push(() => resolve(values)));
  };
  const counters = before.map((last) => new TokenCounter({ windowIndex: 0, last, nowMs: () => nowMs, increment }));
  const below = (limit: number) => Math.floor(random.fraction() * limit);
  const request = async (counter: TokenCounter) => {
    if ((await counter.take(LIMIT)) <= LIMIT) handedOut += 1;
  };
  const requests: Promise<void>[] = [];
  const rest = async () => {
    await settled();
    while (answers.length > 0) {
      answers.shift()?.();
      await settled();
    }
    most = Math.max(most, Math.min(row.count, LIMIT) - handedOut);
  };
  for (let step = 0; step < STEPS && row.count < LIMIT; step += 1) {
    const dice = random.fraction();
    const counter = counters[below(counters.length)];
    if (dice < 0.6 && counter !== undefined) for (let i = below(6); i >= 0; i -= 1) requests.push(request(counter));
    else if (dice < 0.85) answers.splice(below(answers.length), 1)[0]?.();
    else if (dice < 0.95) nowMs += below(600);
    else await rest();
    await settled();
  }
  await rest();
  await Promise.all(requests);
  return { most, counters };
}

test.each([2, 8, 40])(
  '%i processes together never hold more than 5 % of a limit in advance, in whatever order they are served',
  async (processes) => {
    const seed = Number(process.env['SEED'] ?? 20_261_127);
    const random = seededRandom(seed);
    let most = 0;
    for (let world = 0; world < WORLDS; world += 1) {
      const first = await minute(Array<undefined>(processes).fill(undefined), random);
      // All processes expect the demand of the first minute again, at the same time.
      const second = await minute(first.counters, random);
      most = Math.max(most, first.most, second.most);
    }

    expect(most, `seed ${seed}`).toBeLessThanOrEqual(AHEAD_MAX);
    // Tokens are taken in advance, so the bound is not kept merely by taking none.
    expect(most, `seed ${seed}`).toBeGreaterThan(AHEAD_MAX / 5);
  },
);
