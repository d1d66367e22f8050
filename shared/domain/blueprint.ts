import type { Instance, MachineSpec } from './instance.ts';

/** The instance to create, after all names were resolved. */
export interface Blueprint {
  readonly zone: string;
  readonly machine: MachineSpec;
  readonly login: Instance['login'];
  readonly templateId: string;
  readonly configId: string;
  /** `null`: the id is used as the name. */
  readonly displayName: string | null;
  readonly spec: Instance['spec'];
  readonly project: string;
}
