import { powerContract } from './power-contract.ts';

export const instancesRestart = powerContract(
  'restart',
  'Restart an instance',
  'Resets the VM, exactly as `reset` does: the operating system is not shut down first. Stop and start the instance to have that. Only a running instance can be restarted; for others the answer is 409 and names the status.',
);
