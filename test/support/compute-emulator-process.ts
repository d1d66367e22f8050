import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';

/*
 * The Compute Engine emulator as a process of its own, to be killed: prints its address on the first line of its output.
 * Arguments: the state file, how many seconds the clock is ahead, and how many a VM boots.
 */
const [stateFile, aheadSeconds, bootSeconds] = process.argv.slice(2);
if (stateFile === undefined) throw new Error('The state file is missing.');

const emulator = new ComputeEmulator({
  stateFile,
  clock: new ShiftableClock(Number(aheadSeconds ?? 0) * 1000),
  faults: new Faults(),
  bootSeconds: Number(bootSeconds ?? 2),
});
await emulator.start();
console.log(emulator.address);
