import { Type } from 'typebox';
import { catalogContract } from './catalog-contract.ts';

export const imagesList = catalogContract({
  noun: 'images',
  summary: 'List images',
  description: 'What `spec.image` takes.',
  id: 'What `spec.image` takes.',
  spec: {
    image: Type.String({ description: "Compute Engine's image or image family." }),
  },
  example: {
    id: 'ubuntu-22.04',
    name: 'Ubuntu 22.04 LTS',
    spec: { image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts' },
  },
});
