import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';

// Runs only the emulator, for tests that kill the process: `node pubsub-emulator-process.ts STATE_FILE` prints the
// address and serves until it is killed.
const [, , stateFile] = process.argv;
if (stateFile === undefined) throw new Error('Name the state file.');
const emulator = new PubSubEmulator({ stateFile, clock: new ShiftableClock(), faults: new Faults() });
await emulator.start();
console.log(emulator.address);
