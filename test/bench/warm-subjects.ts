import type { BenchCloudReady } from './bench-cloud-messages.ts';
import type { Asked, Burst } from './load.ts';

/** An endpoint under load: what it is asked, and how its answers look when all is well. */
export interface Subject extends Pick<Burst, 'next' | 'status' | 'refusal' | 'requestsMax' | 'onAnswer'> {
  /** Name of the function. */
  readonly name: string;
}

const V1 = '/api/compute/v1';
/** Requests of one burst that leave something behind. */
const WRITES_MAX = 160;
/** Number of pages of the administrators' list that are asked in rotation, so that no two callers at a time share a query. */
const ADMIN_PAGES = Array.from({ length: 64 }, (_, index) => String(index + 1));

/** Every endpoint that is measured, in the order in which it is: deletes come after the creates that they undo. */
export function subjects(cloud: BenchCloudReady): readonly Subject[] {
  const { tokens, creators, machineIds, recordIds, operationId } = cloud;
  /** What each of the creators has made, and can delete. */
  const created: { readonly id: string; readonly token: string }[] = [];
  const inRotation = (list: readonly string[]) => {
    let index = 0;
    return () => {
      index += 1;
      return list[index % list.length] ?? '';
    };
  };
  const machine = inRotation(machineIds);
  const record = inRotation(recordIds);
  const creator = inRotation(creators);
  const page = inRotation(ADMIN_PAGES);
  const read = (name: string, path: () => string, token = tokens.owner): Subject => ({
    name,
    status: 200,
    requestsMax: Number.POSITIVE_INFINITY,
    next: () => ({ method: 'GET', path: path(), headers: headersOf(token) }),
  });
  const write = (name: string, next: () => Asked, status: number): Subject => ({
    name,
    status,
    requestsMax: WRITES_MAX,
    next,
  });
  return [
    read('compute-instances-get', () => `${V1}/instances/${machine()}`),
    read('compute-instances-list', () => `${V1}/instances`, tokens.lister),
    read('compute-templates-list', () => `${V1}/templates`),
    read('compute-operations-get', () => `${V1}/operations/${operationId}`),
    read('compute-instances-history', () => `${V1}/instances/${machine()}/history`),
    read('billing-quotas-usage', () => '/api/billing/v1/quotas/usage'),
    read('admin-instances-get', () => `${V1}/admin/instances/${machine()}`, tokens.admin),
    read('admin-instances-list', () => `${V1}/admin/instances?pageSize=20&page=${page()}`, tokens.admin),
    write(
      'compute-instances-stop',
      () => ({ method: 'POST', path: `${V1}/instances/${record()}/stop`, headers: headersOf(tokens.owner) }),
      202,
    ),
    {
      ...write(
        'compute-instances-create',
        () => ({
          method: 'POST',
          path: `${V1}/instances`,
          headers: headersOf(creator()),
          body: JSON.stringify({ template_id: 'ubuntu-22-standard', config_id: 'default-network' }),
        }),
        201,
      ),
      refusal: 503,
      onAnswer: (body, { headers }) => created.push({ id: idIn(body), token: tokenIn(headers) }),
    },
    {
      ...write(
        'compute-instances-delete',
        () => {
          const { id, token } = created.shift() ?? { id: record(), token: tokens.owner };
          return { method: 'DELETE', path: `${V1}/instances/${id}`, headers: headersOf(token) };
        },
        204,
      ),
      refusal: 503,
    },
  ];
}

/** Returns headers as the gateway forwards them. */
function headersOf(token: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'x-forwarded-authorization': `Bearer ${token}`,
    'x-forwarded-for': '192.0.2.1',
    'user-agent': 'bench',
    accept: '*/*',
    'x-cloud-trace-context': '0af7651916cd43dd8448eb211c80319c/1;o=1',
  };
}

function tokenIn(headers: Readonly<Record<string, string>>): string {
  return headers['x-forwarded-authorization']?.replace('Bearer ', '') ?? '';
}

function idIn(body: string): string {
  const parsed: unknown = JSON.parse(body);
  if (typeof parsed === 'object' && parsed !== null) {
    for (const [name, value] of Object.entries(parsed)) {
      if (/^(id|instanceID)$/i.test(name) && typeof value === 'string') return value;
    }
  }
  throw new Error('The created instance has no id.');
}
