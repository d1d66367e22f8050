import type { protos } from '@google-cloud/compute';
import { DEPLOYMENT_LABEL } from '#shared/domain/deployment-label.ts';
import { instanceMetadata } from '#shared/domain/instance-metadata.ts';
import type { MachineSpec } from '#shared/domain/instance.ts';
import { mustTerminate, takesAccelerators } from '#shared/domain/machine-traits.ts';
import { attachedDisk } from './attached-disk.ts';
import type { Place } from './compute.ts';

type CloudInstance = protos.google.cloud.compute.v1.IInstance;

/** Returns the request body of an insert. */
export function toInstance(place: Place, spec: MachineSpec, deployment: string): CloudInstance {
  return {
    name: place.name,
    machineType: `zones/${place.zone}/machineTypes/${spec.machineType}`,
    labels: { ...spec.labels, [DEPLOYMENT_LABEL]: deployment },
    tags: { items: [...spec.tags] },
    metadata: { items: Object.entries(instanceMetadata(spec.metadata)).map(([key, value]) => ({ key, value })) },
    disks: [
      bootDisk(place, spec),
      ...Array.from({ length: spec.localSsds }, () => localSsd(place)),
      // Disks that outlive the VM.
      ...(spec.volumes ?? []).map(({ disk, deviceName }) => attachedDisk(place.zone, disk, deviceName)),
    ],
    networkInterfaces: [
      {
        network: spec.network,
        ...(spec.subnetwork === '' ? {} : { subnetwork: spec.subnetwork }),
        accessConfigs: spec.externalIp ? [{ name: 'External NAT', type: 'ONE_TO_ONE_NAT' }] : [],
      },
    ],
    ...acceleratorsOf(place, spec),
    ...schedulingOf(spec),
  };
}

function bootDisk(place: Place, { image, diskSizeGb, diskType }: MachineSpec): NonNullable<CloudInstance['disks']>[0] {
  return {
    boot: true,
    autoDelete: true,
    initializeParams: {
      sourceImage: image,
      diskSizeGb: String(diskSizeGb),
      diskType: `zones/${place.zone}/diskTypes/${diskType}`,
    },
  };
}

function localSsd({ zone }: Place): NonNullable<CloudInstance['disks']>[0] {
  return {
    type: 'SCRATCH',
    autoDelete: true,
    interface: 'NVME',
    initializeParams: { diskType: `zones/${zone}/diskTypes/local-ssd` },
  };
}

/** Returns the added GPUs; those included in a machine type must not be requested. */
function acceleratorsOf({ zone }: Place, { machineType, accelerator }: MachineSpec): CloudInstance {
  if (accelerator === null || !takesAccelerators(machineType)) return {};
  const { type, count } = accelerator;
  return {
    guestAccelerators: [{ acceleratorType: `zones/${zone}/acceleratorTypes/${type}`, acceleratorCount: count }],
  };
}

function schedulingOf(spec: MachineSpec): CloudInstance {
  if (spec.spot) {
    // Compute Engine refuses a spot VM with automatic restart or migration.
    return {
      scheduling: {
        provisioningModel: 'SPOT',
        automaticRestart: false,
        onHostMaintenance: 'TERMINATE',
        instanceTerminationAction: 'STOP',
      },
    };
  }
  // Compute Engine refuses to migrate such a VM. With automatic restart, it runs again after its host's maintenance.
  return mustTerminate(spec) ? { scheduling: { onHostMaintenance: 'TERMINATE', automaticRestart: true } } : {};
}
