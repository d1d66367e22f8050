import type { Blueprint } from '#shared/domain/blueprint.ts';
import type { NetworkConfig, Template } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import { imageUser, loginMetadata, type LoginKey } from '#shared/domain/login.ts';
import { zonesOf } from '#shared/domain/zones.ts';
import type { CatalogReader } from './catalog-reader.ts';
import type { InstanceKeys } from './keys-for-instance.ts';

/** Used where a request names a zone instead of a config. */
export const DEFAULT_CONFIG = 'default-network';

export interface TemplateRequest {
  readonly templateId: string;
  /** Wins over `zone`. */
  readonly configId: string | undefined;
  /** `""`: the first zone of the template's region. */
  readonly zone: string | undefined;
  readonly project: string;
  /** Who may log in; looked up beside the catalogue. */
  readonly keys: () => Promise<InstanceKeys>;
}

/** What a template and a network config, or a zone, amount to. Throws `not_found` for names that are not in the catalogue. */
export async function templateBlueprint(request: TemplateRequest, catalog: CatalogReader): Promise<Blueprint> {
  const [template, config, { keys, unknown }] = await Promise.all([
    catalog.template(request.templateId),
    catalog.config(request.configId ?? DEFAULT_CONFIG),
    request.keys(),
  ]);
  if (unknown.length > 0) throw unknownKeys(unknown);
  const user = imageUser(template);
  return {
    zone: request.configId === undefined ? zoneIn(template, request.zone ?? '') : config.zone,
    machine: { ...machineOf(template, config), metadata: loginMetadata(keys, user) },
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

function zoneIn(template: Template, zone: string): string {
  const zones = zonesOf(template.region);
  const [first] = zones;
  if (zone === '') return first ?? `${template.region}-a`;
  if (zones.includes(zone)) return zone;
  const message = `must be one of ${zones.join(', ')}`;
  throw new Failure('invalid_request', `The request is not valid: body.zone ${message}.`, {
    fields: [{ place: 'body', pointer: '/zone', message, rule: 'enum' }],
  });
}
