import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';

/*
 * Runs the Compute Engine emulator in a process that tests can kill. Prints its address on the first line of its
 * output. Arguments: the state file, the seconds that the clock is ahead (default 0), and the seconds that a VM boots
 * (default 2).
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
