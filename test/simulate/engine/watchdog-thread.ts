import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { BEATS, SEED, type WatchdogData } from './watchdog.ts';

const { shared, stallMs } = workerData as WatchdogData;
const view = new Int32Array(shared);
let seen = 0;

setInterval(() => {
  const beats = Atomics.load(view, BEATS);
  // The watch begins at the first beat.
  if (beats === 0 || beats !== seen) {
    seen = beats;
    return;
  }
  const seed = Atomics.load(view, SEED);
  // console.log would wait for the main thread, which is blocked.
  writeSync(1, `\nThe history of seed ${seed} does not end: its code never yields to the event loop.\n`);
  process.kill(process.pid, 'SIGKILL');
}, stallMs);
