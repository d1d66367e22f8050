/**
 * What each call of the adapter to Compute Engine needs, by client and method; Terraform makes the functions' role from it
 * (`infra/generated/permissions.json`). A test holds the rows against the adapter's source, so that neither a call without its
 * permissions nor a permission without its call stays.
 *
 * https://docs.cloud.google.com/compute/docs/instances/create-start-instance (required permissions) and the section
 * "IAM Permissions" of each method's reference.
 */
export const COMPUTE_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'disks.aggregatedList': ['compute.disks.list'],
  'disks.delete': ['compute.disks.delete'],
  'disks.get': ['compute.disks.get'],
  // Labels of a disk that is made need a permission of their own.
  'disks.insert': ['compute.disks.create', 'compute.disks.setLabels'],
  'disks.list': ['compute.disks.list'],
  'instances.aggregatedList': ['compute.instances.list'],
  // The permission of the VM and the one of the disk.
  'instances.attachDisk': ['compute.instances.attachDisk', 'compute.disks.use'],
  'instances.delete': ['compute.instances.delete'],
  'instances.detachDisk': ['compute.instances.detachDisk', 'compute.disks.use'],
  'instances.get': ['compute.instances.get'],
  // Beyond `create`, each member of the request's body has a permission of its own: see INSERT_PERMISSIONS.
  'instances.getSerialPortOutput': ['compute.instances.getSerialPortOutput'],
  'instances.insert': ['compute.instances.create'],
  'instances.list': ['compute.instances.list'],
  'instances.reset': ['compute.instances.reset'],
  'instances.resume': ['compute.instances.resume'],
  'instances.setDeletionProtection': ['compute.instances.setDeletionProtection'],
  'instances.setLabels': ['compute.instances.setLabels'],
  'instances.setMachineType': ['compute.instances.setMachineType'],
  'instances.setMetadata': ['compute.instances.setMetadata'],
  'instances.start': ['compute.instances.start'],
  'instances.stop': ['compute.instances.stop'],
  'zoneOperations.get': ['compute.zoneOperations.get'],
  // Waiting is reading that takes its time.
  'zoneOperations.wait': ['compute.zoneOperations.get'],
};

/**
 * What the members of an instance need that an insert asks for. Members without a permission of their own are listed too,
 * so that a new member cannot be forgotten here.
 */
export const INSERT_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  name: [],
  machineType: [],
  labels: ['compute.instances.setLabels'],
  tags: ['compute.instances.setTags'],
  metadata: ['compute.instances.setMetadata'],
  // A new boot disk, from an image of this project or of another that is open to it; and volumes.
  disks: ['compute.disks.create', 'compute.disks.use', 'compute.images.useReadOnly'],
  // Addresses are the subnetwork's to give; the network is only named.
  networkInterfaces: ['compute.subnetworks.use', 'compute.subnetworks.useExternalIp'],
  // GPUs are counted by quotas; no permission is needed for them.
  guestAccelerators: [],
  scheduling: [],
};
