import { zonesOf } from '#scripts/emulators/compute/data/zones.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { regionOf } from '#shared/domain/zones.ts';
import type { CatalogFinding, CatalogFindings } from './check-machines.ts';
import type { ComputeReader, Resource } from './compute-reader.ts';

/** Calls to Compute Engine in flight at the same time. */
const AT_ONCE = 8;

/**
 * A row and a function that asks Compute Engine whether it could create what the row describes, and returns what is
 * wrong.
 */
interface Question {
  readonly pointer: string;
  readonly ask: (compute: Asked) => Promise<string | undefined>;
}

/** A reader that requests each resource only once. */
type Asked = Pick<ComputeReader, 'get'>;

/**
 * Returns what a catalogue names and a project lacks: machine types, images, networks and subnetworks, and custom-mode
 * networks without a named subnetwork. Only reads from Compute Engine.
 */
export async function checkProject(rows: Catalog, compute: ComputeReader): Promise<CatalogFindings> {
  const remembered = new Map<string, Promise<Resource | undefined>>();
  const asked: Asked = {
    get: (path) => {
      const known = remembered.get(path) ?? compute.get(path);
      remembered.set(path, known);
      return known;
    },
  };
  const questions = [...machineQuestions(rows), ...imageQuestions(rows), ...networkQuestions(rows)];
  const impossible: CatalogFinding[] = [];
  for (let i = 0; i < questions.length; i += AT_ONCE) {
    const answers = await Promise.all(
      questions.slice(i, i + AT_ONCE).map(async ({ pointer, ask }) => ({ pointer, message: await ask(asked) })),
    );
    for (const { pointer, message } of answers) if (message !== undefined) impossible.push({ pointer, message });
  }
  return { impossible, warnings: [] };
}

function machineQuestions({ templates = {}, serverTypes = {}, configs = {}, subnets = {} }: Catalog): Question[] {
  const places = [
    ...Object.values(configs).map(({ zone }) => zone),
    ...Object.values(subnets).flatMap(({ zone, region }) => (zone === '' ? zonesOf(region) : [zone])),
  ];
  return [
    ...Object.entries(templates).map(([id, { machineType, region }]) => ({
      pointer: `/templates/${id}/machineType`,
      ask: (compute: Asked) => existsInOne(machineType, zonesOf(region), compute),
    })),
    ...Object.entries(serverTypes).map(([id, { machineType }]) => ({
      pointer: `/serverTypes/${id}/machineType`,
      ask: (compute: Asked) => existsInOne(machineType, [...new Set(places)], compute),
    })),
  ];
}

async function existsInOne(type: string, zones: readonly string[], compute: Asked): Promise<string | undefined> {
  for (const zone of zones) {
    if ((await compute.get(`zones/${zone}/machineTypes/${type}`)) !== undefined) return undefined;
  }
  return zones.length === 0 ? undefined : `The project has no machine type '${type}' in ${zones.join(', ')}.`;
}

function imageQuestions({ templates = {}, images = {} }: Catalog): Question[] {
  const rows = [
    ...Object.entries(templates).map(([id, row]) => ({ at: `/templates/${id}`, ...row })),
    ...Object.entries(images).map(([id, row]) => ({ at: `/images/${id}`, ...row, diskSizeGb: undefined })),
  ];
  return rows.map(({ at, image, diskSizeGb, architecture = '' }) => ({
    pointer: `${at}/image`,
    ask: async (compute) => {
      const found = await compute.get(image);
      if (found === undefined) return `The image '${image}' does not exist, or the project may not use it.`;
      const least = Number(found['diskSizeGb'] ?? 0);
      if (diskSizeGb !== undefined && diskSizeGb < least) {
        return `The image has ${least} GB, and the disk ${diskSizeGb} GB: it must be at least as large.`;
      }
      const { architecture: its } = found;
      if (architecture === '' || typeof its !== 'string' || its === architecture) return undefined;
      return `The image is for ${its}, not ${architecture}.`;
    },
  }));
}

function networkQuestions({ configs = {}, networks = {}, subnets = {} }: Catalog): Question[] {
  const subnetsOf = (network: string, region?: string) =>
    Object.values(subnets).filter(
      (subnet) => networks[subnet.vpcId]?.network === network && (region === undefined || subnet.region === region),
    );
  return [
    ...Object.entries(configs).flatMap(([id, { network, subnetwork, zone }]) => [
      {
        pointer: `/configs/${id}/network`,
        ask: (compute: Asked) => networkProblem(network, compute),
      },
      {
        pointer: `/configs/${id}/subnetwork`,
        ask: (compute: Asked) =>
          subnetwork === ''
            ? customModeProblem(network, subnetsOf(network, regionOf(zone)).length === 1, compute)
            : subnetworkProblem(subnetwork, network, compute),
      },
    ]),
    ...Object.entries(networks).flatMap(([id, { network }]) => [
      { pointer: `/networks/${id}/network`, ask: (compute: Asked) => networkProblem(network, compute) },
      {
        pointer: `/networks/${id}`,
        ask: (compute: Asked) => customModeProblem(network, subnetsOf(network).length > 0, compute),
      },
    ]),
    ...Object.entries(subnets).map(([id, { subnetwork, vpcId }]) => ({
      pointer: `/subnets/${id}/subnetwork`,
      ask: (compute: Asked) => subnetworkProblem(subnetwork, networks[vpcId]?.network, compute),
    })),
  ];
}

async function networkProblem(network: string, compute: Asked): Promise<string | undefined> {
  return (await compute.get(network)) === undefined ? `There is no network '${network}'.` : undefined;
}

/** Reports a network in custom mode without a named subnetwork: a VM gets none by itself there. */
async function customModeProblem(network: string, named: boolean, compute: Asked): Promise<string | undefined> {
  if (named) return undefined;
  const found = await compute.get(network);
  if (found === undefined || found['autoCreateSubnetworks'] === true) return undefined;
  return `The network '${network}' is in custom mode, so that a subnetwork must be named: here, or as the only subnet.`;
}

async function subnetworkProblem(
  subnetwork: string,
  network: string | undefined,
  compute: Asked,
): Promise<string | undefined> {
  const found = await compute.get(subnetwork);
  if (found === undefined) return `There is no subnetwork '${subnetwork}'.`;
  const its = typeof found['network'] === 'string' ? found['network'] : '';
  if (network === undefined || its.endsWith(`/${network.slice(network.indexOf('global/'))}`)) return undefined;
  return `The subnetwork '${subnetwork}' is not in the network '${network}'.`;
}
