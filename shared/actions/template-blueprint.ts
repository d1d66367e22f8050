import type { Blueprint } from '#shared/domain/blueprint.ts';
import type { NetworkConfig, Template } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import { imageFacts } from '#shared/domain/image-facts.ts';
import { imageUser, loginMetadata, type LoginKey } from '#shared/domain/login.ts';
import { isZoneOf, regionOf, zonesOf } from '#shared/domain/zones.ts';
import type { CatalogReader } from './catalog-reader.ts';
import type { InstanceKeys } from './keys-for-instance.ts';
import { subnetworkIn } from './subnetwork-in.ts';

/** The network config of requests that name a zone instead of a config. */
export const DEFAULT_CONFIG = 'default-network';

const POINTERS = { zone: '/zone', config: '/config_id' };

export interface TemplateRequest {
  readonly templateId: string;
  /** Takes precedence over `zone`. */
  readonly configId: string | undefined;
  /** `""` or `undefined`: the first zone of the template's region. */
  readonly zone: string | undefined;
  readonly project: string;
  /** Resolves the login keys; called while the catalogue is read. */
  readonly keys: () => Promise<InstanceKeys>;
}

/**
 * Converts a template and a network config or zone to a blueprint. Throws `not_found` for names that the catalogue
 * lacks.
 */
export async function templateBlueprint(request: TemplateRequest, catalog: CatalogReader): Promise<Blueprint> {
  const [template, config, { keys, unknown }] = await Promise.all([
    catalog.template(request.templateId),
    catalog.config(request.configId ?? DEFAULT_CONFIG),
    request.keys(),
  ]);
  if (unknown.length > 0) throw unknownKeys(unknown);
  requireRoomForImage(template);
  const zone = request.configId === undefined ? zoneIn(template, request.zone ?? '') : zoneOfConfig(template, config);
  const subnetwork = await subnetworkIn({ zone, config, pointers: POINTERS }, catalog);
  const user = imageUser(template);
  return {
    zone,
    machine: { ...machineOf(template, config), subnetwork, metadata: loginMetadata(keys, user) },
    login: { user, keyIds: keys.map(({ id }: LoginKey) => id) },
    templateId: template.id,
    configId: config.id,
    displayName: null,
    spec: null,
    project: request.project,
  };
}

function unknownKeys(unknown: InstanceKeys['unknown']): Failure {
  const message = 'is not a key that you can use';
  const text = unknown.map(({ id }) => JSON.stringify(id)).join(', ');
  return new Failure(
    'invalid_request',
    `The request is not valid: body.ssh_key_ids names keys that you cannot use: ${text}. GET /api/compute/v1/ssh-keys lists them.`,
    {
      reason: 'unknown_ssh_key',
      fields: unknown.map(({ index }) => ({
        place: 'body',
        pointer: `/ssh_key_ids/${index}`,
        message,
        rule: 'ssh_key',
      })),
    },
  );
}

function machineOf(template: Template, config: NetworkConfig): Blueprint['machine'] {
  return {
    machineType: template.machineType,
    image: template.image,
    diskSizeGb: template.diskSizeGb,
    diskType: template.diskType,
    network: config.network,
    subnetwork: config.subnetwork,
    tags: config.tags,
    externalIp: config.externalIp,
    labels: {},
    metadata: {},
    spot: false,
    accelerator: template.accelerator,
    localSsds: template.localSsds,
    discardLocalSsd: template.discardLocalSsd,
  };
}

/** Returns the config's zone. Throws `invalid_request` if it is not in the template's region. */
function zoneOfConfig(template: Template, config: NetworkConfig): string {
  if (regionOf(config.zone) === template.region) return config.zone;
  const message = `is in zone ${config.zone}, and template ${template.id} is for region ${template.region}`;
  throw new Failure('invalid_request', `The request is not valid: body.config_id ${message}.`, {
    fields: [{ place: 'body', pointer: '/config_id', message, rule: 'region' }],
  });
}

function zoneIn(template: Template, zone: string): string {
  const zones = zonesOf(template.region);
  const [first] = zones;
  if (zone === '') return first ?? `${template.region}-a`;
  if (isZoneOf(template.region, zone)) return zone;
  throw notPossible('/zone', 'enum', `must be one of ${zones.join(', ')}`);
}

/**
 * Compute Engine refuses a boot disk smaller than the image. Operators set both in the template, so this is an internal
 * error.
 */
function requireRoomForImage(template: Template): void {
  const { diskGbMin } = imageFacts(template);
  if (template.diskSizeGb >= diskGbMin) return;
  throw new Failure(
    'internal',
    `The template ${template.id} is not set up right: its disk has ${template.diskSizeGb} GB, and its image needs at least ` +
      `${diskGbMin} GB. Please tell the platform’s operators.`,
    { reason: 'template_not_possible' },
  );
}

function notPossible(pointer: '/zone', rule: string, message: string): Failure {
  return new Failure('invalid_request', `The request is not valid: body.${pointer.slice(1)} ${message}.`, {
    fields: [{ place: 'body', pointer, message, rule }],
  });
}
