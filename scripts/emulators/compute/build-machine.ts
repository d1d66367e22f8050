import { readFlag, readObject, readObjects, readReference, readText, readTexts } from './body-members.ts';
import { invalidField, requiredField, unknownReference } from './compute-error.ts';
import type { Disk } from './disk-resource.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { InstanceResource, Machine } from './instance-resource.ts';
import type { JsonObject } from './json-object.ts';
import { checkMembers } from './known-members.ts';
import { machineTypeName, parseMachineType } from './machine-type.ts';
import type { Networks } from './networks.ts';
import { pacificTime } from './pacific-time.ts';
import { readDisks } from './read-disks.ts';
import type { DisksOrder } from './read-disks.ts';
import { readInterfaces } from './read-interfaces.ts';
import { readLabels, readMetadata, readTags } from './read-metadata.ts';
import { readAccelerators, readMinCpuPlatform, readScheduling } from './read-scheduling.ts';
import { instanceName, resourceUrl, zoneName } from './resource-names.ts';

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

export interface Place {
  readonly project: string;
  readonly zone: string;
}

/** The state against which a body is checked. */
export interface InsertContext {
  /** Numeric id of the new VM. */
  readonly id: string;
  readonly nowMs: number;
  readonly networks: Networks;
  readonly findDisk: DisksOrder['findDisk'];
}

export interface BuiltMachine {
  readonly machine: Machine;
  /** The persistent disks of the VM, including new ones. */
  readonly disks: readonly Disk[];
}

/** Members that have no effect in the emulator and are returned as they were sent. */
const KEPT = [
  'advancedMachineFeatures',
  'confidentialInstanceConfig',
  'displayDevice',
  'instanceEncryptionKey',
  'keyRevocationActionType',
  'localSsdEncryptionMode',
  'networkPerformanceConfig',
  'privateIpv6GoogleAccess',
  'reservationAffinity',
  'workloadIdentityConfig',
] as const;

/** Reads the name of an insert before anything else, because further errors refer to it. */
export function readMachineName(body: JsonObject): string {
  const name = readText(body, 'name', 'resource') ?? '';
  if (name === '') throw requiredField('resource.name');
  if (!NAME.test(name)) {
    throw invalidField('resource.name', name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'");
  }
  return name;
}

/**
 * Builds the VM that an `instances.insert` body describes, in PROVISIONING and without addresses. Throws Compute
 * Engine's error for a body that it would refuse.
 */
export function buildMachine(place: Place, body: JsonObject, context: InsertContext): BuiltMachine {
  const { id, nowMs, networks, findDisk } = context;
  checkMembers(body, 'Instance');
  const { project, zone } = place;
  const name = readMachineName(body);
  const typeReference = readReference(body, 'machineType', 'resource');
  if (typeReference === undefined) throw requiredField('resource.machineType');
  const type = parseMachineType(typeReference, project, zone);
  refuseAbsent(body);
  const labels = readLabels(body, 'resource');
  const accelerators = readAccelerators(body, type, place);
  const networkInterfaces = readInterfaces(body, place, networks);
  const disks = readDisks(body, { project, zone, name, type, nowMs, findDisk });
  const accounts = readAccounts(body, project);
  const hostname = readReference(body, 'hostname', 'resource');
  const minCpuPlatform = readMinCpuPlatform(body, zone);
  const { cpuPlatform } = type.traits;
  const resource: InstanceResource = {
    ...Object.fromEntries(KEPT.filter((member) => member in body).map((member) => [member, body[member]])),
    kind: 'compute#instance',
    id,
    creationTimestamp: pacificTime(nowMs),
    name,
    description: readText(body, 'description', 'resource') ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    tags: readTags(readObject(body, 'tags', 'resource') ?? {}, 'resource.tags'),
    machineType: resourceUrl(machineTypeName(project, zone, type.name)),
    status: 'PROVISIONING',
    zone: resourceUrl(zoneName(project, zone)),
    canIpForward: readFlag(body, 'canIpForward', 'resource') ?? false,
    networkInterfaces,
    disks: disks.attached,
    metadata: readMetadata(readObject(body, 'metadata', 'resource') ?? {}, 'resource.metadata'),
    ...(accounts.length === 0 ? {} : { serviceAccounts: accounts }),
    ...(accelerators.length === 0 ? {} : { guestAccelerators: accelerators }),
    ...(minCpuPlatform === undefined ? {} : { minCpuPlatform }),
    selfLink: resourceUrl(instanceName(project, zone, name)),
    scheduling: readScheduling(readObject(body, 'scheduling', 'resource') ?? {}, type, accelerators.length),
    cpuPlatform,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    labelFingerprint: fingerprintOf(labels),
    startRestricted: false,
    deletionProtection: readFlag(body, 'deletionProtection', 'resource') ?? false,
    shieldedInstanceConfig: {
      enableSecureBoot: false,
      enableVtpm: true,
      enableIntegrityMonitoring: true,
      ...readObject(body, 'shieldedInstanceConfig', 'resource'),
    },
    shieldedInstanceIntegrityPolicy: { updateAutoLearnPolicy: true },
    fingerprint: fingerprintOf([id, nowMs]),
  };
  const staticNatIps = networkInterfaces.flatMap(({ accessConfigs = [] }) =>
    accessConfigs.flatMap(({ natIP }) => (natIP === undefined ? [] : [natIP])),
  );
  const machine = { id, project, zone, name, createdMs: nowMs, deleting: false, cpuPlatform, staticNatIps, resource };
  return { machine, disks: disks.persistent };
}

/** Refuses references to resources that cannot be created in the emulator and therefore never exist. */
function refuseAbsent(body: JsonObject): void {
  const [policy] = readTexts(body, 'resourcePolicies', 'resource');
  if (policy !== undefined) throw unknownReference('resource.resourcePolicies[0]', policy, 'resourcePolicy');
  const source = readReference(body, 'sourceMachineImage', 'resource');
  if (source !== undefined) throw unknownReference('resource.sourceMachineImage', source, 'machineImage');
}

function readAccounts(body: JsonObject, project: string) {
  return readObjects(body, 'serviceAccounts', 'resource').map((account) => ({
    email: (readReference(account, 'email', 'resource.serviceAccounts') ?? 'default').replace(
      /^default$/,
      `${projectNumber(project)}-compute@developer.gserviceaccount.com`,
    ),
    scopes: readTexts(account, 'scopes', 'resource.serviceAccounts'),
  }));
}

/** Returns a made-up number that depends only on the project's id; default service accounts are named after it. */
function projectNumber(project: string): string {
  let number = 0n;
  for (const byte of Buffer.from(project)) number = (number * 257n + BigInt(byte)) % 900_000_000_000n;
  return String(number + 100_000_000_000n);
}
