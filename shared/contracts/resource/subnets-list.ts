import { Type } from 'typebox';
import { catalogContract } from './catalog-contract.ts';

export const subnetsList = catalogContract({
  noun: 'subnets',
  summary: 'List subnets',
  description: 'What `spec.subnet_id` takes.',
  id: 'What `spec.subnet_id` takes.',
  spec: {
    vpc_id: Type.String({ description: 'VPC that it belongs to.' }),
    subnetwork: Type.String({ description: "Compute Engine's subnetwork." }),
    region: Type.String({ description: 'Region.' }),
    zone: Type.String({ description: 'Zone of its instances; empty: the default zone, or the first of the region.' }),
  },
  example: {
    id: 'subnet-def456',
    name: 'Main, Iowa',
    spec: {
      vpc_id: 'vpc-abc123',
      subnetwork: 'regions/us-central1/subnetworks/default',
      region: 'us-central1',
      zone: 'us-central1-a',
    },
  },
});
