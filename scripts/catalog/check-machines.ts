import { REGIONS, ZONES, zonesOf } from '#scripts/emulators/compute/data/zones.ts';
import {
  factsOfImage,
  factsOfType,
  type MachineOrder,
  type OrderProblem,
  problemsOfImage,
  problemsOfOrder,
} from '#scripts/emulators/compute/machine-order.ts';
import type { Catalog, Entries } from '#shared/catalog/catalog.ts';

/** An entry of the catalogue that Compute Engine would refuse, or that is probably a mistake. */
export interface CatalogFinding {
  /** JSON pointer into the file: `/templates/gpu/diskType`. */
  readonly pointer: string;
  /** One sentence. */
  readonly message: string;
}

export interface CatalogFindings {
  /** Rows that can never work, and why. */
  readonly impossible: readonly CatalogFinding[];
  readonly warnings: readonly CatalogFinding[];
}

/** Id of the config that places requests which name no place of their own. */
const DEFAULT_CONFIG = 'default-network';

/** Findings, collected while the rows are checked. */
interface Notes {
  readonly impossible: CatalogFinding[];
  readonly warnings: CatalogFinding[];
}

/**
 * Returns what Compute Engine would refuse in a catalogue, as far as the local cloud's tables of machine series, disks,
 * images and zones show it. Makes no call to Compute Engine. `rows` is the whole catalogue that would result, not only
 * one file.
 */
export function checkMachines(rows: Catalog): CatalogFindings {
  const notes: Notes = { impossible: [], warnings: [] };
  for (const [id, template] of Object.entries(rows.templates ?? {})) checkTemplate(id, template, notes);
  for (const [id, type] of Object.entries(rows.serverTypes ?? {})) checkServerType(id, { type, rows }, notes);
  for (const [id, image] of Object.entries(rows.images ?? {})) {
    for (const { message } of problemsOfImage(image.image)) {
      notes.impossible.push({ pointer: `/images/${id}/image`, message });
    }
    checkTraits(`/images/${id}`, image, notes);
  }
  checkPlaces(rows, notes);
  for (const machineType of Object.keys(rows.prices ?? {})) {
    if (factsOfType(machineType) !== undefined) continue;
    const message = `There is no machine type '${machineType}' to have this price.`;
    notes.warnings.push({ pointer: `/prices/${machineType}`, message });
  }
  return notes;
}

/** Checks a template in every zone of its region, since a request may choose any of them. */
function checkTemplate(id: string, template: Entries['templates'], notes: Notes): void {
  const at = `/templates/${id}`;
  const zones = zonesOf(template.region);
  if (zones.length === 0) {
    notes.impossible.push({ pointer: `${at}/region`, message: `There is no region '${template.region}'.` });
    return;
  }
  checkZones(at, { order: orderOf(template), zones }, notes);
  checkTraits(at, template, notes);
  checkOwnAccelerator(at, template, notes);
}

/** Requires that a machine is possible in at least one zone; if not in all, a warning lists the others. */
function checkZones(
  at: string,
  { order, zones }: { readonly order: Omit<MachineOrder, 'zone'>; readonly zones: readonly string[] },
  notes: Notes,
): void {
  const perZone = zones.map((zone) => ({ zone, problems: problemsOfOrder({ ...order, zone }) }));
  const without = perZone.filter(({ problems }) => problems.length > 0);
  if (without.length < perZone.length) {
    // AI zones (`…-ai1a`) offer only accelerators, so a machine that is impossible there is no reason for a warning.
    const missed = without.map(({ zone }) => zone).filter((zone) => !/-ai\d+[a-z]$/.test(zone));
    if (missed.length > 0) {
      const message = `It cannot be made in ${missed.join(', ')}: ${reasonOf(without[0]?.problems ?? [])}`;
      notes.warnings.push({ pointer: `${at}/machineType`, message });
    }
    return;
  }
  // The problems in the zone with the fewest of them describe best what is wrong with the row itself.
  const [closest] = perZone.toSorted((a, b) => a.problems.length - b.problems.length || rank(a) - rank(b));
  for (const { about, message } of closest?.problems ?? []) {
    notes.impossible.push({ pointer: `${at}/${about}`, message });
  }
}

/** Ranks zones without the machine type last, because a missing type hides further problems. */
function rank({ problems }: { readonly problems: readonly OrderProblem[] }): number {
  return problems.some(({ about }) => about === 'machineType') ? 1 : 0;
}

function reasonOf([first]: readonly OrderProblem[]): string {
  return first?.message ?? '';
}

type Ordered = Pick<Entries['templates'], 'machineType' | 'diskType' | 'diskSizeGb' | 'accelerator' | 'localSsds'> & {
  readonly image?: string;
};

function orderOf({ machineType, diskType, diskSizeGb, accelerator, localSsds = 0, image }: Ordered): MachineOrder {
  return {
    machineType,
    diskType,
    diskSizeGb,
    localSsds,
    ...(image === undefined ? {} : { image }),
    ...(accelerator === undefined || accelerator === null ? {} : { accelerator }),
  };
}

/** Requires that the row's statements about its image are true of the image. */
function checkTraits(
  at: string,
  row: Pick<Entries['templates'], 'image' | 'architecture' | 'diskGbMin'>,
  notes: Notes,
) {
  const facts = factsOfImage(row.image);
  if (facts === undefined) return;
  const { architecture = '', diskGbMin = 0 } = row;
  if (architecture !== '' && architecture !== facts.architecture) {
    const message = `The image is for ${facts.architecture}, not ${architecture}.`;
    notes.impossible.push({ pointer: `${at}/architecture`, message });
  }
  if (diskGbMin !== 0 && diskGbMin < facts.diskGbMin) {
    const message = `The image needs a disk of ${facts.diskGbMin} GB, not ${diskGbMin} GB.`;
    notes.impossible.push({ pointer: `${at}/diskGbMin`, message });
  }
}

function checkOwnAccelerator(at: string, row: Pick<Ordered, 'machineType' | 'accelerator'>, notes: Notes): void {
  const own = factsOfType(row.machineType)?.accelerator;
  if (own === undefined || (row.accelerator ?? null) !== null) return;
  const message = `A ${row.machineType} has ${own.count} of ${own.type}: without accelerator, lists show no GPU.`;
  notes.warnings.push({ pointer: `${at}/accelerator`, message });
}

function checkServerType(
  id: string,
  { type, rows }: { readonly type: Entries['serverTypes']; readonly rows: Catalog },
  notes: Notes,
): void {
  const at = `/serverTypes/${id}`;
  const zones = zonesOfServerTypes(rows);
  const order = orderOf(type);
  if (zones.length > 0) checkZones(at, { order, zones }, notes);
  else
    for (const { about, message } of problemsOfOrder(order))
      notes.impossible.push({ pointer: `${at}/${about}`, message });
  checkSize(at, type, notes);
  checkOwnAccelerator(at, type, notes);
  checkImagesFor(at, { type, images: rows.images ?? {} }, notes);
}

/** Returns the zones in which machines of server types are created: the default config's zone and those of subnets. */
function zonesOfServerTypes({ configs, subnets }: Catalog): readonly string[] {
  const zone = configs?.[DEFAULT_CONFIG]?.zone;
  const ofSubnets = Object.values(subnets ?? {}).flatMap((subnet) =>
    subnet.zone === '' ? zonesOf(subnet.region) : [subnet.zone],
  );
  return [...new Set([...(zone === undefined ? [] : [zone]), ...ofSubnets])].filter((known) => ZONES.includes(known));
}

/**
 * Requires that the row's series, vCPUs and memory are those of the machine type; a spec that asks for other sizes
 * starts from them.
 */
function checkSize(at: string, type: Entries['serverTypes'], notes: Notes): void {
  const facts = factsOfType(type.machineType);
  if (facts === undefined) return;
  const claims = [
    ['series', type.series, facts.series],
    ['vcpus', type.vcpus, facts.cpus],
    ['memoryMb', type.memoryMb, facts.memoryMb],
  ] as const;
  for (const [member, said, is] of claims) {
    if (said === is) continue;
    notes.impossible.push({ pointer: `${at}/${member}`, message: `A ${type.machineType} has ${is}, not ${said}.` });
  }
}

/** Requires that the catalogue has an image that the server type can boot. */
function checkImagesFor(
  at: string,
  { type, images }: { readonly type: Entries['serverTypes']; readonly images: NonNullable<Catalog['images']> },
  notes: Notes,
): void {
  const facts = factsOfType(type.machineType);
  const known = Object.entries(images).map(([id, row]) => ({ id, ...traitsOf(row) }));
  if (facts === undefined || known.length === 0) return;
  const fitting = known.filter(({ architecture }) => architecture === undefined || architecture === facts.architecture);
  if (fitting.length === 0) {
    const message = `A ${type.machineType} is ${facts.architecture}, and the catalogue has no image for it.`;
    notes.impossible.push({ pointer: `${at}/machineType`, message });
    return;
  }
  const tooLarge = fitting.filter(({ diskGbMin }) => diskGbMin > type.diskSizeGb);
  if (tooLarge.length === fitting.length) {
    const least = Math.min(...tooLarge.map(({ diskGbMin }) => diskGbMin));
    const message = `No image of the catalogue fits into ${type.diskSizeGb} GB: the smallest needs ${least} GB.`;
    notes.impossible.push({ pointer: `${at}/diskSizeGb`, message });
  } else if (tooLarge.length > 0) {
    const names = tooLarge.map(({ id, diskGbMin }) => `${id} (${diskGbMin} GB)`).join(', ');
    const message = `Without disk_gb these images do not fit into its disk: ${names}.`;
    notes.warnings.push({ pointer: `${at}/diskSizeGb`, message });
  }
}

function traitsOf({ image, architecture = '', diskGbMin = 0 }: Entries['images']) {
  const facts = factsOfImage(image);
  return {
    architecture: architecture === '' ? facts?.architecture : architecture,
    diskGbMin: diskGbMin === 0 ? (facts?.diskGbMin ?? 0) : diskGbMin,
  };
}

/** Reports zones and regions that do not exist, and VPCs without a subnet. */
function checkPlaces({ configs = {}, subnets = {}, networks = {} }: Catalog, notes: Notes): void {
  const requireZone = (pointer: string, zone: string) => {
    if (zone !== '' && !ZONES.includes(zone))
      notes.impossible.push({ pointer, message: `There is no zone '${zone}'.` });
  };
  for (const [id, { zone }] of Object.entries(configs)) requireZone(`/configs/${id}/zone`, zone);
  for (const [id, { zone, region }] of Object.entries(subnets)) {
    if (!REGIONS.includes(region)) {
      notes.impossible.push({ pointer: `/subnets/${id}/region`, message: `There is no region '${region}'.` });
    } else requireZone(`/subnets/${id}/zone`, zone);
  }
  const used = new Set(Object.values(subnets).map(({ vpcId }) => vpcId));
  for (const id of Object.keys(networks).filter((known) => !used.has(known))) {
    const message = 'No subnet of it is in the catalogue, which works only if the network is in auto mode.';
    notes.warnings.push({ pointer: `/networks/${id}`, message });
  }
}
