import createClient from 'openapi-fetch';
import type { paths } from './generated/compute.ts';

/**
 * Creates, uses and deletes a machine with openapi-fetch and the types of openapi-typescript. Returns what was
 * observed, in order.
 */
export async function live(baseUrl: string, token: string): Promise<readonly string[]> {
  const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const seen: string[] = [];

  const { data: templates = [] } = await api.GET('/api/compute/v1/templates');
  const { data: configs = [] } = await api.GET('/api/compute/v1/configs');
  const [config] = configs;
  const template = templates.find(({ region }) => config?.zone.startsWith(region));
  if (template === undefined || config === undefined) throw new Error('There is nothing to create a machine from.');
  const refused = await api.POST('/api/compute/v1/instances', {
    body: { template_id: 'no-such-template', config_id: config.id },
  });
  // The type of `reason` is a union of the documented words.
  if (refused.error?.reason === 'template_not_found') seen.push(`refused ${refused.error.reason}`);

  const created = await api.POST('/api/compute/v1/instances', {
    params: { header: { 'Idempotency-Key': 'a-life-of-openapi-fetch' } },
    body: { template_id: template.id, config_id: config.id },
  });
  if (created.data === undefined) throw new Error(created.error.detail);
  const path = { id: created.data.id };
  const follow = async (operation: string | null) => {
    const { data, error } = await api.GET('/api/compute/v1/operations/{id}', {
      params: { path: { id: operation ?? '' }, query: { wait: 30 } },
    });
    if (data === undefined) throw new Error(error.detail);
    seen.push(`${data.kind} ${data.state}`);
  };
  await follow(created.response.headers.get('x-operation-id'));

  const { data: read } = await api.GET('/api/compute/v1/instances/{id}', { params: { path } });
  seen.push(`read ${read?.status ?? ''}`);
  const { data: listed } = await api.GET('/api/compute/v1/instances', { params: { query: { limit: 10 } } });
  seen.push(`listed ${listed?.filter(({ id }) => id === path.id).length ?? 0}`);

  const stopped = await api.POST('/api/compute/v1/instances/{id}/stop', {
    params: { path, header: { Prefer: 'return=representation' } },
  });
  await follow(stopped.data?.id ?? null);
  const started = await api.POST('/api/compute/v1/instances/{id}/start', {
    params: { path, header: { Prefer: 'return=representation' } },
  });
  await follow(started.data?.id ?? null);

  const edited = await api.PATCH('/api/compute/v1/instances/{id}', {
    params: { path },
    body: { labels: { env: 'production' } },
  });
  await follow(edited.response.headers.get('x-operation-id'));
  const { data: labelled } = await api.GET('/api/compute/v1/instances/{id}', { params: { path } });
  seen.push(`labels ${JSON.stringify(labelled?.labels)}`);

  const removed = await api.DELETE('/api/compute/v1/instances/{id}', { params: { path } });
  seen.push(`deleted ${removed.response.status}`);
  const gone = await api.GET('/api/compute/v1/instances/{id}', { params: { path } });
  seen.push(`gone ${gone.error?.reason ?? ''}`);
  return seen;
}
