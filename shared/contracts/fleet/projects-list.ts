import { Type } from 'typebox';
import { UNCHECKED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { FleetProject } from './account-schemas.ts';
import { PROJECT_FID } from './example-values.ts';
import { ignored } from './parameters.ts';

export const projectsList = contract({
  name: 'fleet-projects-list',
  family: 'fleet',
  method: 'GET',
  path: '/v2/projects',
  tag: 'Fleet',
  summary: 'List your projects',
  description: 'Lists the projects of the caller, the default one first.',
  role: null,
  limit: 'list',
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: ignored,
  body: null,
  success: [{ status: 200, description: 'The projects.', body: Type.Array(FleetProject) }],
  failures: [...UNCHECKED_FAILURES],
  examples: [
    { summary: 'One project', answer: [{ fid: PROJECT_FID, name: 'research', created_at: '2024-01-01T00:00:00Z' }] },
  ],
});
