import { client } from './generated/hey-compute/client.gen.ts';
import {
  computeConfigsList,
  computeInstancesCreate,
  computeInstancesDelete,
  computeInstancesGet,
  computeInstancesList,
  computeInstancesStart,
  computeInstancesStop,
  computeInstancesUpdate,
  computeOperationsGet,
  computeTemplatesList,
} from './generated/hey-compute/sdk.gen.ts';

/**
 * Creates, uses and deletes a machine with the functions that @hey-api/openapi-ts generates. Returns what was observed,
 * in order.
 */
export async function live(baseUrl: string, token: string): Promise<readonly string[]> {
  // One credential is enough; otherwise the client sends one for each scheme.
  client.setConfig({ baseUrl, auth: ({ type }) => (type === 'http' ? token : undefined) });
  const seen: string[] = [];

  const { data: templates = [] } = await computeTemplatesList();
  const { data: configs = [] } = await computeConfigsList();
  const [config] = configs;
  const template = templates.find(({ region }) => config?.zone.startsWith(region));
  if (template === undefined || config === undefined) throw new Error('There is nothing to create a machine from.');
  const refused = await computeInstancesCreate({ body: { template_id: 'no-such-template', config_id: config.id } });
  if (refused.error?.reason === 'template_not_found') seen.push(`refused ${refused.error.reason}`);

  const created = await computeInstancesCreate({
    headers: { 'Idempotency-Key': 'a-life-of-hey-api' },
    body: { template_id: template.id, config_id: config.id },
  });
  if (created.data === undefined) throw new Error(created.error.detail);
  const path = { id: created.data.id };
  const follow = async (operation: string | null | undefined) => {
    const { data, error } = await computeOperationsGet({ path: { id: operation ?? '' }, query: { wait: 30 } });
    if (data === undefined) throw new Error(error.detail);
    seen.push(`${data.kind} ${data.state}`);
  };
  await follow(created.response?.headers.get('x-operation-id'));

  const { data: read } = await computeInstancesGet({ path });
  seen.push(`read ${read?.status ?? ''}`);
  const { data: listed } = await computeInstancesList({ query: { limit: 10 } });
  seen.push(`listed ${listed?.filter(({ id }) => id === path.id).length ?? 0}`);

  const prefer = { Prefer: 'return=representation' };
  const stopped = await computeInstancesStop({ path, headers: prefer });
  await follow(stopped.data?.id);
  const started = await computeInstancesStart({ path, headers: prefer });
  await follow(started.data?.id);

  const edited = await computeInstancesUpdate({ path, body: { labels: { env: 'production' } } });
  await follow(edited.response?.headers.get('x-operation-id'));
  const { data: labelled } = await computeInstancesGet({ path });
  seen.push(`labels ${JSON.stringify(labelled?.labels)}`);

  const removed = await computeInstancesDelete({ path });
  seen.push(`deleted ${removed.response?.status ?? 0}`);
  const gone = await computeInstancesGet({ path });
  seen.push(`gone ${gone.error?.reason ?? ''}`);
  return seen;
}
