import { Type } from 'typebox';
import { catalogContract } from './catalog-contract.ts';

export const regionsList = catalogContract({
  noun: 'regions',
  summary: 'List regions',
  description: 'Regions and zones in which the catalogue has something to offer.',
  id: 'Region.',
  spec: {
    zones: Type.Array(Type.String(), { description: 'Its zones.' }),
    subnet_ids: Type.Array(Type.String(), { description: 'Your subnets there.' }),
    template_ids: Type.Array(Type.String(), { description: 'Templates of the compute family for it.' }),
  },
  example: {
    id: 'us-central1',
    name: 'us-central1',
    spec: {
      zones: ['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-central1-f'],
      subnet_ids: ['subnet-def456'],
      template_ids: ['ubuntu-22-standard'],
    },
  },
});
