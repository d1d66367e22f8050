import type { JsonObject } from '../json-object.ts';
import type { Expected, ParityCase, ParityPlace } from './parity-case.ts';

const UBUNTU = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts';
const ARM = 'projects/debian-cloud/global/images/family/debian-12-arm64';

const refused = (status: number, reason: string, message: RegExp): Expected => ({ status, reason, message });
const invalid = (message: RegExp) => refused(400, 'invalid', message);
const bad = (message: RegExp) => refused(400, 'badRequest', message);
const incompatible = (...features: readonly string[]) =>
  // Reports differ in the order of the features.
  bad(new RegExp(`^\\[(?=.*${features.join(')(?=.*')}).*\\] features are not compatible for creating instance\\.$`));

interface Disk {
  readonly image?: string;
  readonly type?: string;
  readonly gb?: number;
}

/** Returns every parity case, with Compute Engine's reply. */
export function parityCases(place: ParityPlace): readonly ParityCase[] {
  const { zone } = place;
  const region = zone.slice(0, zone.lastIndexOf('-'));
  const nic = {
    network: place.network,
    ...(place.subnetwork === '' ? {} : { subnetwork: place.subnetwork }),
  };
  /** Returns the network's own subnetwork in a region, by the name that auto mode gives it. */
  const own = (where: string) => {
    const name = (place.subnetwork === '' ? place.network : place.subnetwork).split('/').at(-1) ?? '';
    return `regions/${where}/subnetworks/${name}`;
  };
  const boot = ({ image = UBUNTU, type = 'pd-balanced', gb }: Disk = {}, at = zone) => ({
    boot: true,
    autoDelete: true,
    initializeParams: {
      sourceImage: image,
      diskType: `zones/${at}/diskTypes/${type}`,
      ...(gb === undefined ? {} : { diskSizeGb: String(gb) }),
    },
  });
  const order = (machineType: string, changes: JsonObject = {}, at = zone) => ({
    verb: 'POST' as const,
    path: `zones/${at}/instances`,
    body: {
      name: 'parity',
      machineType: `zones/${at}/machineTypes/${machineType}`,
      disks: [boot({}, at)],
      networkInterfaces: [nic],
      ...changes,
    },
  });
  const withDisk = (machineType: string, disk: Disk) => order(machineType, { disks: [boot(disk)] });
  const scratch = {
    type: 'SCRATCH',
    autoDelete: true,
    initializeParams: { diskType: `zones/${zone}/diskTypes/local-ssd` },
  };
  const metadata = (items: readonly JsonObject[]) => order('e2-medium', { metadata: { items } });
  const list: ParityCase[] = [];
  const say = (row: string, title: string, source: string, rest: Omit<ParityCase, 'row' | 'title' | 'source'>) =>
    list.push({ row, title, source, ...rest });

  say('C1', 'a custom mode network without a subnetwork', 'terraform-provider-google#175, bdutil#88, fog-google#117', {
    call: order('e2-medium', { networkInterfaces: [{ network: place.customNetwork }] }),
    expected: invalid(
      /^Invalid value for field 'resource\.networkInterfaces\[0\]': '.*'\. Subnetwork should be specified for custom subnetmode network/,
    ),
    needs: 'customNetwork',
  });
  say('C2', 'a network that does not exist', 'bdutil troubleshooting, teamcity-google-agent#25', {
    call: order('e2-medium', { networkInterfaces: [{ network: 'global/networks/no-such-network' }] }),
    expected: invalid(/'resource\.networkInterfaces\[0\]\.network': .*The referenced network resource cannot be found/),
  });
  say('C2', 'a subnetwork that does not exist', 'terraform-provider-google#2140', {
    call: order('e2-medium', { networkInterfaces: [{ subnetwork: `regions/${region}/subnetworks/no-such-one` }] }),
    expected: invalid(
      /'resource\.networkInterfaces\[0\]\.subnetwork': .*The referenced subnetwork resource cannot be found/,
    ),
  });
  // The texts of these two replies are not known. Without a network in auto mode, the second names a subnetwork that
  // does not exist.
  say('C2', 'a subnetwork of another network', 'VPC documentation, subnets', {
    call: order('e2-medium', { networkInterfaces: [{ network: place.customNetwork, subnetwork: own(region) }] }),
    expected: { status: 400, message: /./ },
    needs: 'customNetwork',
  });
  say('C2', 'a subnetwork of another region', 'VPC documentation, subnets are regional', {
    call: order('e2-medium', { networkInterfaces: [{ subnetwork: own('asia-east1') }] }),
    expected: { status: 400, message: /./ },
  });
  say('C2', 'two interfaces in one subnetwork', 'VPC documentation, multiple network interfaces', {
    call: order('e2-standard-4', { networkInterfaces: [nic, nic] }),
    expected: invalid(/etworks must be distinct for NICs attached to a VM/),
  });
  for (const machineType of ['g2-standard-4', 'a2-highgpu-1g']) {
    say('C3', `${machineType} without onHostMaintenance`, 'devpod#973, karpenter-provider-gcp#167', {
      call: order(machineType),
      expected: bad(/^Instances with guest accelerators do not support live migration\.$/),
    });
  }
  say('C3', 'an N1 with a GPU that is to migrate', 'cb-spider#1125, jenkins google-compute-engine-plugin#63', {
    call: order('n1-standard-4', {
      guestAccelerators: [{ acceleratorType: `zones/${zone}/acceleratorTypes/nvidia-tesla-t4`, acceleratorCount: 1 }],
      scheduling: { onHostMaintenance: 'MIGRATE' },
    }),
    expected: bad(/^Instances with guest accelerators do not support live migration\.$/),
  });
  say('C3', 'a GPU that the zone does not have', 'lizzie-gcloud-setup#6, fastai course-v3#430', {
    call: order('n1-standard-4', {
      guestAccelerators: [{ acceleratorType: `zones/${zone}/acceleratorTypes/nvidia-no-such`, acceleratorCount: 1 }],
      scheduling: { onHostMaintenance: 'TERMINATE' },
    }),
    expected: refused(404, 'notFound', /acceleratorTypes\/nvidia-no-such' was not found$/),
  });
  say('C3', 'a GPU on a series that takes none', 'skypilot#212', {
    call: order('n2-standard-4', {
      guestAccelerators: [{ acceleratorType: `zones/${zone}/acceleratorTypes/nvidia-tesla-t4`, acceleratorCount: 1 }],
      scheduling: { onHostMaintenance: 'TERMINATE' },
    }),
    expected: incompatible('nvidia-tesla-t4', 'n2-standard-4'),
  });
  say('C3', 'two kinds of GPU in one VM', "machine-controller's report of fieldSizeTooLarge", {
    call: order('n1-standard-4', {
      guestAccelerators: ['nvidia-tesla-t4', 'nvidia-tesla-v100'].map((name) => ({
        acceleratorType: `zones/${zone}/acceleratorTypes/${name}`,
        acceleratorCount: 1,
      })),
      scheduling: { onHostMaintenance: 'TERMINATE' },
    }),
    expected: refused(413, 'fieldSizeTooLarge', /maximum size 1 element\(s\); actual size 2/),
  });
  for (const [machineType, type, source] of [
    ['n4-standard-2', 'pd-balanced', 'dsub#301'],
    ['c4-standard-2', 'pd-ssd', 'kdevops#77'],
    ['c3-standard-4', 'pd-standard', 'nextflow#6841'],
    ['e2-medium', 'hyperdisk-balanced', 'Hyperdisk documentation: by request only'],
    ['n2-standard-2', 'hyperdisk-balanced', 'Hyperdisk documentation: by request only'],
    ['n1-standard-2', 'hyperdisk-balanced', 'Hyperdisk documentation: by request only'],
    ['n2d-standard-2', 'hyperdisk-balanced', 'Hyperdisk documentation: by request only'],
  ] as const) {
    say('C4', `${type} on ${machineType}`, source, {
      call: withDisk(machineType, { type }),
      expected: incompatible(type, machineType),
    });
  }
  say('C4', 'Local SSD on an E2', 'terraform example report: e2-medium, local-ssd', {
    call: order('e2-medium', { disks: [boot(), scratch] }),
    expected: incompatible('e2-medium', 'local-ssd'),
  });
  say('C4', 'a boot disk of Hyperdisk Throughput', 'Hyperdisk documentation: boot disks', {
    call: withDisk('c3-standard-4', { type: 'hyperdisk-throughput', gb: 2048 }),
    expected: { status: 400, message: /./ },
  });
  say('C4', 'a boot disk of Local SSD', 'Local SSD documentation: cannot be a boot disk', {
    call: withDisk('n2-standard-2', { type: 'local-ssd' }),
    expected: { status: 400, message: /./ },
  });
  say('C4', 'a disk type that does not exist', 'Compute Engine documentation of diskTypes', {
    call: withDisk('e2-medium', { type: 'pd-golden' }),
    expected: { status: 404, message: /diskTypes\/pd-golden/ },
  });
  for (const [machineType, image, mine, its] of [
    ['t2a-standard-1', UBUNTU, 'X86_64', 'ARM64'],
    ['e2-medium', ARM, 'ARM64', 'X86_64'],
  ] as const) {
    say('C5', `an image for ${mine} on ${machineType}`, 'gce-github-runner#46, Spot by NetApp troubleshooting', {
      call: withDisk(machineType, { image }),
      expected: {
        status: 400,
        message: new RegExp(
          `boot disk architecture \\(${mine}\\) is not compatible with machine type architecture \\(${its}\\)`,
        ),
      },
    });
  }
  for (const [machineType, message, source] of [
    [
      'custom-1-7168',
      /Memory size for 1\.0 vCPU instance should be between 1024MiB and 6656MiB/,
      'nf-core/configs#386',
    ],
    ['n1-custom-1-921', /Memory should be a multiple of 256MiB, while 921MiB is requested/, 'elotl/kip#171'],
    ['custom-124-819200', /Custom Machine type with name 'custom-124-819200' does not exist/, 'dsub#232'],
    ['e2-custom-4-8192-ext', /does not exist/, 'custom machine types: E2 has no extended memory'],
    ['n2-custom-3-8192', /./, 'custom machine types: even numbers of vCPUs'],
  ] as const) {
    say('C6', machineType, source, { call: order(machineType), expected: invalid(message) });
  }
  for (const [machineType, at, source] of [
    ['cx31', zone, 'community-tc-config#75'],
    ['f1-micro', 'europe-west8-a', 'terratest#1132'],
    ['n1-standard-1', 'africa-south1-a', 'regions and zones'],
  ] as const) {
    say('C7', `${machineType} in ${at}`, source, {
      call: order(machineType, {}, at),
      expected: invalid(
        new RegExp(
          `^Invalid value for field 'resource\\.machineType': .*Machine type with name '${machineType}' does not exist in zone '${at}'`,
        ),
      ),
    });
  }
  say('C8', 'a disk smaller than its image', 'packer#9033, nixops#1072', {
    call: withDisk('e2-medium', { gb: 5 }),
    expected: invalid(/Requested disk size cannot be smaller than the image size/),
  });
  say('C9', 'a metadata value of 300 KiB', 'Compute Engine troubleshooting: metadata value is too large', {
    call: metadata([{ key: 'a', value: 'x'.repeat(300 * 1024) }]),
    expected: {
      status: 413,
      message: /items\[0\]\.value' is too large: maximum size 262144 character\(s\); actual size 307200/,
    },
  });
  say('C9', 'metadata of 600 KiB altogether', 'Compute Engine documentation: metadata limits', {
    call: metadata(['a', 'b', 'c'].map((key) => ({ key, value: key.repeat(200 * 1024) }))),
    expected: { status: 413, message: /too large|exceed/ },
  });
  say('C9', '65 network tags', 'VPC documentation: at most 64 tags', {
    call: order('e2-medium', { tags: { items: Array.from({ length: 65 }, (_, index) => `tag-${index}`) } }),
    expected: { status: 413, message: /maximum size 64 element\(s\); actual size 65|64/ },
  });
  for (const [owner, family] of [
    ['ubuntu-os-cloud', 'ubuntu-1604-lts'],
    ['ubuntu-os-cloud', 'ubuntu-2004-lts'],
    ['ubuntu-os-cloud', 'ubuntu-2404-lts'],
    ['debian-cloud', 'debian-10'],
    ['centos-cloud', 'centos-7'],
    ['centos-cloud', 'centos-stream-8'],
  ] as const) {
    const resource = `projects/${owner}/global/images/family/${family}`;
    const gone = refused(404, 'notFound', new RegExp(`^The resource '${resource}' was not found$`));
    const source = 'terraform-google-lb-http#512, terraform-provider-google#12221';
    say('C10', `the family ${family}`, source, {
      call: { verb: 'GET', owner, path: `global/images/family/${family}` },
      expected: gone,
    });
    say('C10', `a boot disk of the family ${family}`, source, {
      call: withDisk('e2-medium', { image: resource }),
      expected: gone,
    });
  }
  say('C10', 'an image name that does not exist', 'bdutil, karpenter-provider-gcp', {
    call: withDisk('e2-medium', { image: 'projects/debian-cloud/global/images/debian-no-such-v20240101' }),
    expected: invalid(/The referenced image resource cannot be found/),
  });
  for (const name of ['c3-standard-8-lssd', 'a2-ultragpu-1g', 'c4a-standard-1', 'e2-custom-micro-2048']) {
    say('C15', `the machine type ${name}`, 'cartography#2256, openshift/installer#10269', {
      call: { verb: 'GET', path: `zones/us-central1-a/machineTypes/${name}` },
      expected: { status: 200, has: { name } },
    });
  }
  for (const name of ['us-east1-b', 'europe-west1-d', 'africa-south1-c', 'asia-southeast3-a', 'us-central1-ai1a']) {
    say('C15', `the zone ${name}`, 'regions and zones', {
      call: { verb: 'GET', path: `zones/${name}` },
      expected: { status: 200, has: { name } },
    });
  }
  say('', 'an unknown member of the body', "Google's front end: Cannot find field", {
    call: order('e2-medium', { rocket: true }),
    expected: { status: 400, message: /Unknown name "rocket".*Cannot find field/ },
  });
  say('', 'a CPU platform that does not exist', "PerfKitBenchmarker's list of refusals", {
    call: order('n2-standard-2', { minCpuPlatform: 'Intel Quantum Lake' }),
    expected: { status: 400, message: /CPU platform type with name .* does not exist in zone/i },
  });
  say('', 'a tiny machine', 'Compute Engine documentation', {
    call: order('e2-micro', { disks: [boot({ type: 'pd-standard' })] }),
    expected: { status: 200, has: { operationType: 'insert' } },
    needs: 'machine',
  });
  return list;
}
