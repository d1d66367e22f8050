import { adminPowerContract } from './power-contract.ts';

export const instancesStart = adminPowerContract(
  'start',
  'Start any instance',
  'Boots a stopped instance, whichever user owns it. In any other state the answer is 409.',
);
