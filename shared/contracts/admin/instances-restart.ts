import { adminPowerContract } from './power-contract.ts';

export const instancesRestart = adminPowerContract(
  'restart',
  'Restart any instance',
  'Stops the VM gracefully and starts it again, whichever user owns it. Only a running instance can be restarted; for others the answer is 409.',
);
