/**
 * The permissions that each call of the adapter needs, keyed by client and method; Terraform creates the functions'
 * role from them (`infra/generated/permissions.json`). A test compares the rows with the adapter's source, so that no
 * call lacks its permissions and no permission lacks its call.
 *
 * https://docs.cloud.google.com/compute/docs/instances/create-start-instance (required permissions) and the section
 * "IAM Permissions" of each method's reference.
 */
export const COMPUTE_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'disks.aggregatedList': ['compute.disks.list'],
  'disks.delete': ['compute.disks.delete'],
  'disks.get': ['compute.disks.get'],
  // Setting labels on a new disk needs a permission of its own.
  'disks.insert': ['compute.disks.create', 'compute.disks.setLabels'],
  'disks.list': ['compute.disks.list'],
  'instances.aggregatedList': ['compute.instances.list'],
  // Needs one permission for the VM and one for the disk.
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
  // Waiting for an operation needs the same permission as reading it.
  'zoneOperations.wait': ['compute.zoneOperations.get'],
};

/**
 * The permissions for each member of an insert's request body. Members without a permission of their own are listed
 * too, so that a new member cannot be forgotten.
 */
export const INSERT_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  name: [],
  machineType: [],
  labels: ['compute.instances.setLabels'],
  tags: ['compute.instances.setTags'],
  metadata: ['compute.instances.setMetadata'],
  // A new boot disk, from an image of this project or of another that is open to it; and volumes.
  disks: ['compute.disks.create', 'compute.disks.use', 'compute.images.useReadOnly'],
  // Addresses need permissions for the subnetwork; the network needs none.
  networkInterfaces: ['compute.subnetworks.use', 'compute.subnetworks.useExternalIp'],
  // GPUs are counted by quotas; no permission is needed for them.
  guestAccelerators: [],
  scheduling: [],
};
