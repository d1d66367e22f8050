import { Type } from 'typebox';
import { AUDIT_ACTIONS } from '#shared/domain/audit.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { ADMIN_FAILURES } from './admin-failures.ts';
import { AuditPage } from './audit-schemas.ts';

const time = (description: string) =>
  Type.Optional(
    Type.String({
      description: `${description} RFC 3339.`,
      pattern:
        '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$',
      examples: ['2026-03-14T00:00:00Z'],
    }),
  );

export const auditList = contract({
  name: 'admin-audit-list',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/admin/audit',
  tag: 'Administration',
  summary: 'Read the audit trail',
  description: `Lists who changed what, newest first: accounts, keys, tiers, the catalogue, suspensions, and everything that
administrators did to instances, operations and dead letters. Entries are kept for 400 days; nothing changes or removes one earlier.`,
  role: 'compute_admin',
  limit: null,
  idempotent: false,
  clients: ['datastore'],
  params: nothing,
  query: Type.Object(
    {
      actor: Type.Optional(
        Type.String({
          description: 'Only changes by this actor: the id of a user, or account and user of a command line.',
          minLength: 1,
          maxLength: 300,
        }),
      ),
      object: Type.Optional(
        Type.String({
          description: 'Only changes of this object: its kind and id.',
          minLength: 1,
          maxLength: 300,
          examples: ['customer acme'],
        }),
      ),
      action: Type.Optional(Type.Enum(AUDIT_ACTIONS, { type: 'string', description: 'Only changes of this kind.' })),
      since: time('Only changes at this moment or later.'),
      until: time('Only changes at this moment or earlier.'),
      limit: Type.Integer({ description: 'Entries on a page.', minimum: 1, maximum: 100, default: 20 }),
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
  success: [{ status: 200, description: 'One page of entries.', body: AuditPage }],
  failures: [...ADMIN_FAILURES, 'invalid_cursor'],
  examples: [
    {
      summary: 'A customer was put on another tier',
      answer: {
        entries: [
          {
            id: 'aud-zm2k1y9qe6f3a1b2c3d4e',
            at: '2026-03-14T15:02:17Z',
            actor: { type: 'command_line', id: 'ops@example.com, jane' },
            action: 'customer.set_tier',
            object: 'customer acme',
            reason: null,
            before: { tier: 'free' },
            after: { tier: 'pro' },
            requestId: '6fd1c3a0b2e94f7d8c5b4a3928170615',
          },
        ],
        nextCursor: null,
      },
    },
  ],
});
