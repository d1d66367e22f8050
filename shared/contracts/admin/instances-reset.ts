import { adminPowerContract } from './power-contract.ts';

export const instancesReset = adminPowerContract(
  'reset',
  'Reset any instance',
  'Resets the VM, like the button on a machine, whichever user owns it. Only a running instance can be reset; for others the answer is 409.',
);
