import { powerContract } from './power-contract.ts';

export const instancesStart = powerContract(
  'start',
  'Start an instance',
  'Boots a stopped instance. Starting one that runs, or is about to, is accepted and changes nothing.',
);
