import type { Instance, MachineSpec } from './instance.ts';

/** What is to be made, after names have been looked up. */
export interface Blueprint {
  readonly zone: string;
  readonly machine: MachineSpec;
  readonly login: Instance['login'];
  readonly templateId: string;
  readonly configId: string;
  /** `null`: the id. */
  readonly displayName: string | null;
  readonly spec: Instance['spec'];
  readonly project: string;
}
