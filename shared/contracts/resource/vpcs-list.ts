import { Type } from 'typebox';
import { catalogContract } from './catalog-contract.ts';

export const vpcsList = catalogContract({
  noun: 'vpcs',
  summary: 'List VPCs',
  description: 'What `spec.vpc_id` takes.',
  id: 'What `spec.vpc_id` takes.',
  spec: {
    network: Type.String({ description: "Compute Engine's network." }),
    subnet_ids: Type.Array(Type.String(), { description: 'Its subnets.' }),
  },
  example: {
    id: 'vpc-abc123',
    name: 'Main',
    spec: { network: 'global/networks/default', subnet_ids: ['subnet-def456'] },
  },
});
