import { expect, test } from 'vitest';
import { catalogUses } from '#shared/domain/catalog-uses.ts';
import { priceAt } from '#shared/domain/price.ts';

test('an instance from a template uses the template and the config', () => {
  expect(catalogUses({ templateId: 't', configId: 'c', spec: null })).toEqual(['template/t', 'config/c']);
});

test('an instance from a spec uses everything that the spec names, once', () => {
  const spec = {
    type: 'cx31',
    image: 'ubuntu-22.04',
    vpc_id: 'vpc-1',
    subnet_id: 'subnet-1',
    security_groups: ['sg-1', 'sg-2', 'sg-1'],
    ssh_key_ids: ['key-1'],
    vcpus: 2,
  };

  expect(catalogUses({ templateId: '', configId: '', spec })).toEqual([
    'server type/cx31',
    'image/ubuntu-22.04',
    'network/vpc-1',
    'subnet/subnet-1',
    'security group/sg-1',
    'security group/sg-2',
    'ssh key/key-1',
  ]);
});

test('a price holds from its time on, until the next one', () => {
  const price = {
    machineType: 'n1-standard-2',
    steps: [
      { priceCents: 10, fromMs: 1000 },
      { priceCents: 12, fromMs: 2000 },
    ],
  };

  expect([999, 1000, 1999, 2000, 9999].map((atMs) => priceAt(price, atMs))).toEqual([undefined, 10, 10, 12, 12]);
});
