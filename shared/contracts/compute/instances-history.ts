import { Type } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { instanceParams } from '../common/parameters.ts';
import { HistoryPage } from './schemas.ts';

export const instancesHistory = contract({
  name: 'compute-instances-history',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/instances/{id}/history',
  tag: 'Instances',
  summary: 'Read the history of an instance',
  description: `Lists every change of status, newest first: when, why, and who asked. The history of a deleted instance stays readable
for those who could see the instance.`,
  role: null,
  limit: 'history',
  idempotent: false,
  clients: ['datastore'],
  params: instanceParams,
  query: Type.Object(
    {
      limit: Type.Integer({ description: 'Events on a page.', minimum: 1, maximum: 100, default: 20 }),
      cursor: Type.Optional(
        Type.String({
          description: '`nextCursor` of the page before; absent for the first page.',
          minLength: 1,
          maxLength: 1024,
        }),
      ),
    },
    { additionalProperties: false },
  ),
  body: null,
  success: [{ status: 200, description: 'One page of events.', body: HistoryPage }],
  failures: [...LIMITED_FAILURES, 'instance_not_found', 'invalid_cursor'],
  examples: [
    {
      summary: 'An instance that was created and has started',
      answer: {
        events: [
          {
            status: 'RUNNING',
            at: '2024-01-01T00:00:21Z',
            cause: 'operation',
            actor: '550e8400-e29b-41d4-a716-446655440000',
          },
          {
            status: 'PROVISIONING',
            at: '2024-01-01T00:00:00Z',
            cause: 'operation',
            actor: '550e8400-e29b-41d4-a716-446655440000',
          },
        ],
        nextCursor: null,
      },
    },
  ],
});
