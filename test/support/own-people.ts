import { randomBytes } from 'node:crypto';
import type { Connection, LocalPrincipal, LocalPrincipals } from '#scripts/local/state/connection.ts';
import { createApiKey } from '#shared/accounts/api-keys.ts';
import { oneStringKey } from '#shared/accounts/credential-text.ts';
import { createCustomer } from '#shared/accounts/customers.ts';
import { createProject } from '#shared/accounts/projects.ts';
import { createSession } from '#shared/accounts/sessions.ts';
import { createUser } from '#shared/accounts/users.ts';
import { localStore } from './local-store.ts';

const YEAR_MS = 365 * 86_400_000;

/**
 * Adds users like those of the connection to its local cloud and returns them. Their customers, projects and groups are
 * new, and named after the first ones with `suffix` behind; nothing of the first ones is theirs.
 */
export async function ownPeople({ emulators, principals }: Connection, suffix: string): Promise<LocalPrincipals> {
  const store = localStore(emulators.datastore);
  const context = {
    store,
    clock: { nowMs: () => Date.now() },
    random: (bytes: number) => randomBytes(bytes),
    by: { actor: { type: 'system', id: 'test' }, requestId: 'test' },
  } as const;
  const projects = new Map<string, string>();

  const again = async (first: LocalPrincipal): Promise<LocalPrincipal> => {
    const { tier, roles } = first;
    const customerId = first.customerId + suffix;
    const groups = first.groups.map((group) => group + suffix);
    let project = projects.get(customerId);
    if (project === undefined) {
      await createCustomer(context, { id: customerId, tier });
      project = (await createProject(context, { customerId, name: 'tests' })).row.id;
      projects.set(customerId, project);
    }
    const { row: user } = await createUser(context, { customerId, groups, projects: [project], roles: [...roles] });
    const key = await createApiKey(context, { userId: user.id, name: 'tests', ttlMs: null });
    const { token } = await createSession(context, { userId: user.id, ttlMs: YEAR_MS });
    const { id: apiKey } = key.row;
    const credentials = { token, apiKey, apiSecret: key.secret, xApiKey: oneStringKey(apiKey, key.secret) };
    return { userId: user.id, customerId, project, tier, groups, roles, ...credentials };
  };

  try {
    return {
      alice: await again(principals.alice),
      bob: await again(principals.bob),
      carol: await again(principals.carol),
      admin: await again(principals.admin),
    };
  } finally {
    await store.close();
  }
}
