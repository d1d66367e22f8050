import { powerContract } from './power-contract.ts';

export const instancesStart = powerContract(
  'start',
  'Start an instance of a resource',
  'Starts a stopped VM. Starting one that runs is accepted and changes nothing.',
);
