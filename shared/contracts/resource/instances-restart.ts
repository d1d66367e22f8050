import { powerContract } from './power-contract.ts';

export const instancesRestart = powerContract(
  'restart',
  'Restart an instance of a resource',
  'Resets a running VM, as `reset` does.',
);
