import { expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { networksOf } from '#scripts/local/state/catalog-networks.ts';

test('the local catalogue gives the local cloud the default network, in auto mode', () => {
  expect(networksOf(catalog)).toEqual([{ name: 'default', mode: 'auto', subnetworks: [] }]);
});

test('another network is in custom mode, with the subnetworks that its rows name, each once', () => {
  const config = {
    name: 'Deployed',
    description: '',
    zone: 'us-east1-b',
    network: 'global/networks/machines',
    subnetwork: 'regions/us-east1/subnetworks/machines',
    tags: [],
    externalIp: true,
  };
  const networks = {
    'vpc-1': { name: 'Machines', network: 'projects/shared/global/networks/machines' },
    'vpc-2': { name: 'Empty', network: 'global/networks/empty' },
  };
  const subnet = (vpcId: string, region: string, name: string) => ({
    name,
    vpcId,
    region,
    zone: '',
    subnetwork: `regions/${region}/subnetworks/${name}`,
  });
  const subnets = {
    one: subnet('vpc-1', 'us-east1', 'machines'),
    two: subnet('vpc-1', 'europe-west1', 'machines'),
    lost: subnet('vpc-9', 'europe-west1', 'lost'),
  };

  expect(networksOf({ configs: { deployed: config }, networks, subnets })).toEqual([
    { name: 'default', mode: 'auto', subnetworks: [] },
    {
      name: 'machines',
      mode: 'custom',
      subnetworks: [
        { name: 'machines', region: 'us-east1' },
        { name: 'machines', region: 'europe-west1' },
      ],
    },
    { name: 'empty', mode: 'custom', subnetworks: [] },
  ]);
});
