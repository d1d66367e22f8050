import { powerContract } from './power-contract.ts';

export const instancesStop = powerContract(
  'stop',
  'Stop an instance',
  'Shuts the operating system down and stops the VM; its disk is kept. Stopping one that is stopped, or is about to be, is accepted and changes nothing. A stopped instance still counts against your quota.',
);
