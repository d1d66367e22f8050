import { adminPowerContract } from './power-contract.ts';

export const instancesStop = adminPowerContract(
  'stop',
  'Stop any instance',
  'Shuts the operating system down and stops the VM, whichever user owns it; its disk is kept. Only a running instance can be stopped; for others the answer is 409.',
);
