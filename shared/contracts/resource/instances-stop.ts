import { powerContract } from './power-contract.ts';

export const instancesStop = powerContract(
  'stop',
  'Stop an instance of a resource',
  'Stops a running VM; its disk and its place in your quota stay. Stopping one that is stopped is accepted and changes nothing.',
);
