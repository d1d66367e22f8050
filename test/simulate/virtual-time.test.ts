import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Endless, VirtualTime } from './engine/virtual-time.ts';

/*
 * In the history of seed 6 the push emulator asked for a wake-up at 44.77 ms and got it while the clock showed 44,
 * again and again.
 */
test('a task planned at a fraction of a millisecond runs when the clock shows at least that time', async () => {
  const time = new VirtualTime(0);
  const shown = await time.run(new Promise<number>((resolve) => time.at(44.77, () => resolve(time.nowMs()))));

  expect(shown).toBeGreaterThanOrEqual(44.77);
});

test('a world in which something repeats without waiting is reported as endless', async () => {
  const time = new VirtualTime(0);
  const again = (): void => void time.at(time.nowMs(), again);
  again();

  await expect(time.run(new Promise(() => undefined))).rejects.toThrow(/^Time stands still/);
});

test('a world that waits for an event that never occurs is reported as endless, by its events and by its time', async () => {
  for (const [everyMs, message] of [
    [1, /after 1000 events/],
    [3_600_000, /after 12 hours/],
  ] as const) {
    const time = new VirtualTime(0, { eventsMax: 1_000 });
    time.restart(0);
    const again = (): void => void time.at(time.nowMs() + everyMs, again);
    again();

    await expect(time.run(new Promise(() => undefined))).rejects.toThrow(message);
  }
  await expect(new VirtualTime(0).run(new Promise(() => undefined))).rejects.toThrow(Endless);
});

/*
 * The deadlines of Google's clients ran in real time: on a busy machine they aborted calls of a world that took long to
 * play, and the same seed gave another history.
 */
test('a deadline expires in virtual time, however long the world takes to play', async () => {
  const { output } = await evaluated(DEADLINES);

  expect(output.trim().split('\n')).toEqual(['false', 'TimeoutError', '60000']);
});

test('code that never yields to the event loop is ended from outside, and the seed is printed', async () => {
  const { code, signal, output } = await evaluated(STANDING_STILL);

  expect([code, signal]).toEqual([null, 'SIGKILL']);
  expect(output).toContain('The history of seed 4711 does not end');
});

const STANDING_STILL = `
  import { Watchdog } from './test/simulate/engine/watchdog.ts';
  new Watchdog(50).watch(4711);
  for (;;) await undefined;
`;

const DEADLINES = `
  import { VirtualTime } from './test/simulate/engine/virtual-time.ts';
  const time = new VirtualTime(0);
  time.install();
  const soon = AbortSignal.timeout(50);
  const aMinute = AbortSignal.timeout(60_000);
  const realMs = performance.now() + 100;
  await time.run((async () => {
    while (performance.now() < realMs) await time.sleep(0.0001);
    console.log(soon.aborted);
    await new Promise((resolve) => aMinute.addEventListener('abort', resolve));
    console.log(aMinute.reason.name);
    console.log(time.nowMs());
  })());
`;

/** Runs a module in a process of its own. */
async function evaluated(module: string) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', module], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
    killSignal: 'SIGTERM',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) =>
    child.once('close', (...end) => resolve(end)),
  );
  return { code, signal, output };
}
