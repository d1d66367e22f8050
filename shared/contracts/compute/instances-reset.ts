import { powerContract } from './power-contract.ts';

export const instancesReset = powerContract(
  'reset',
  'Reset an instance',
  'Resets the VM, like the button on a machine: the operating system is not shut down first. Only a running instance can be reset; for others the answer is 409 and names the status.',
);
