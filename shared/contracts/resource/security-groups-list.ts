import { Type } from 'typebox';
import { catalogContract } from './catalog-contract.ts';

export const securityGroupsList = catalogContract({
  noun: 'security-groups',
  summary: 'List security groups',
  description: 'What `spec.security_groups` takes.',
  id: 'What `spec.security_groups` takes.',
  spec: {
    tags: Type.Array(Type.String(), { description: 'Network tags that the VM gets, which firewall rules apply to.' }),
  },
  example: { id: 'sg-web', name: 'Web', spec: { tags: ['http-server'] } },
});
