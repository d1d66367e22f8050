import { Type } from 'typebox';
import { resourcePrice } from '../common/price-schema.ts';
import { catalogContract } from './catalog-contract.ts';

export const serverTypesList = catalogContract({
  noun: 'server-types',
  summary: 'List server types',
  description: 'What `spec.type` takes: CPUs, memory, the disk that comes with them, and what they cost.',
  id: 'What `spec.type` takes.',
  spec: {
    machine_type: Type.String({ description: "Compute Engine's machine type." }),
    series: Type.String({ description: 'Series, whose custom machine types `vcpus` and `memory_mb` make.' }),
    vcpus: Type.Integer({ description: 'CPUs.' }),
    memory_mb: Type.Integer({ description: 'Memory in MB.' }),
    disk_gb: Type.Integer({ description: 'Size of the boot disk in GB, when the spec does not say.' }),
    disk_gb_max: Type.Integer({ description: 'Largest boot disk in GB.' }),
    disk_type: Type.String({ description: 'Kind of the boot disk.' }),
    price: resourcePrice,
  },
  example: {
    id: 'cx31',
    name: 'cx31',
    spec: {
      machine_type: 'n1-standard-2',
      series: 'n1',
      vcpus: 2,
      memory_mb: 7680,
      disk_gb: 50,
      disk_gb_max: 65536,
      disk_type: 'pd-standard',
      price: { cents_per_hour: 10, currency: 'USD' },
    },
  },
});
