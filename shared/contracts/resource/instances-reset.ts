import { powerContract } from './power-contract.ts';

export const instancesReset = powerContract(
  'reset',
  'Reset an instance of a resource',
  'Resets a running VM hard: memory is lost, disk and addresses stay.',
);
