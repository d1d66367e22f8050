import type { NetworkConfig } from '#shared/domain/catalog.ts';
import { chooseSubnet } from '#shared/domain/choose-subnet.ts';
import { Failure } from '#shared/domain/failure.ts';
import { regionIn, regionOf } from '#shared/domain/zones.ts';
import type { CatalogReader } from './catalog-reader.ts';

export interface SubnetworkRequest {
  readonly zone: string;
  readonly config: NetworkConfig;
  /** JSON pointers of the request members that name the zone and the network config, for error messages. */
  readonly pointers: { readonly zone: string; readonly config: string };
}

/**
 * Returns the config's subnetwork if it is in the zone's region. Otherwise returns the only subnet that the catalogue
 * has of the config's network in that region; `""` if it has none, which is valid for a network in auto mode.
 */
export async function subnetworkIn(
  { zone, config, pointers }: SubnetworkRequest,
  catalog: Pick<CatalogReader, 'subnetsOf'>,
): Promise<string> {
  const region = regionIn(config.subnetwork);
  if (config.subnetwork !== '' && (region === undefined || region === regionOf(zone))) return config.subnetwork;
  const choice = chooseSubnet(await catalog.subnetsOf(config.network), zone);
  if (choice.subnet !== undefined) return choice.subnet.subnetwork;
  if (region === undefined) {
    // Networks in auto mode have a subnet in every region, even if the catalogue lists none.
    if (choice.why !== 'several') return '';
    const message = `names no subnet, and its network ${choice.problem}. Choose a network config that names one`;
    throw notPossible(pointers.config, message);
  }
  throw notPossible(
    pointers.zone,
    `must be in ${region}: the network config ${config.id} has no subnet in ${regionOf(zone)}`,
  );
}

function notPossible(pointer: string, message: string): Failure {
  return new Failure('invalid_request', `The request is not valid: body.${pointer.slice(1)} ${message}.`, {
    fields: [{ place: 'body', pointer, message, rule: 'subnet' }],
  });
}
