import type { NetworkSeed, SubnetworkSeed } from '#scripts/emulators/compute/networks.ts';
import { networkProblem } from '#scripts/emulators/compute/networks.ts';
import { ControlError, readMembers, show } from './control-values.ts';

/**
 * Parses the body of `POST /networks`: `[{name, mode: "auto" | "custom", subnetworks?: [{name, region, ipCidrRange?}],
 * project?}]`. Throws a ControlError that says what would be valid.
 */
export function readNetworks(body: unknown): readonly NetworkSeed[] {
  if (!Array.isArray(body)) {
    throw new ControlError(400, 'The body must be an array of {name, mode, subnetworks?, project?}.');
  }
  return body.map((item: unknown, index) => readNetwork(item, `Network ${index}`));
}

function readNetwork(item: unknown, where: string): NetworkSeed {
  const { name, mode, subnetworks, project } = readMembers(item, where, ['name', 'mode', 'subnetworks', 'project']);
  if (mode !== 'auto' && mode !== 'custom') {
    throw new ControlError(400, `${where}: mode must be "auto" or "custom". It is: ${show(mode)}.`);
  }
  if (subnetworks !== undefined && !Array.isArray(subnetworks)) {
    throw new ControlError(400, `${where}: subnetworks must be an array of {name, region, ipCidrRange?}.`);
  }
  const seed: NetworkSeed = {
    name: text(name, `${where}: name`),
    mode,
    ...(project === undefined ? {} : { project: text(project, `${where}: project`) }),
    subnetworks: (subnetworks ?? []).map((one: unknown, index) => readSubnetwork(one, `${where}, subnetwork ${index}`)),
  };
  const problem = networkProblem(seed);
  if (problem !== undefined) throw new ControlError(400, `${where}: ${problem}`);
  return seed;
}

function readSubnetwork(item: unknown, where: string): SubnetworkSeed {
  const { name, region, ipCidrRange } = readMembers(item, where, ['name', 'region', 'ipCidrRange']);
  return {
    name: text(name, `${where}: name`),
    region: text(region, `${where}: region`),
    ...(ipCidrRange === undefined ? {} : { ipCidrRange: text(ipCidrRange, `${where}: ipCidrRange`) }),
  };
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ControlError(400, `${what} must be a text. It is: ${show(value)}.`);
}
