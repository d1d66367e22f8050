import { Type } from 'typebox';
import { ActivityFields, statusReasonField } from '../compute/activity-schemas.ts';
import { STATUS_GROUPS } from '#shared/domain/status.ts';
import { AuditEntry, AuditPage } from './audit-schemas.ts';
import { DESK_SCHEMAS } from './desk-schemas.ts';

export const AdminInstance = Type.Object(
  {
    id: Type.String({ description: 'Unique id; also the name of the VM.', examples: ['tw-550e84-a1b2c3d4'] }),
    userId: Type.String({ description: 'User who owns it.' }),
    customerId: Type.String({ description: 'Customer who pays for it.' }),
    name: Type.String({ description: 'Name of the instance.' }),
    zone: Type.String({ description: 'Zone the VM runs in.', examples: ['us-central1-a'] }),
    machineType: Type.String({ description: 'Machine type, without its zone.', examples: ['n1-standard-2'] }),
    externalIp: Type.String({ description: 'External address; empty until the instance runs, or when it has none.' }),
    internalIp: Type.String({ description: 'Internal address; empty until the instance runs.' }),
    status: Type.Enum(STATUS_GROUPS, { type: 'string', description: 'State of the instance, in five words.' }),
    templateId: Type.String({ description: 'Template it was made from; empty when there was none.' }),
    createdAt: Type.String({ description: 'When it was created, in UTC.', format: 'date-time' }),
    statusSyncedAt: Type.Optional(
      Type.String({ description: 'When the status was last compared with the VM, in UTC.', format: 'date-time' }),
    ),
    statusReason: statusReasonField,
    labels: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "The user's labels of the VM." })),
    ...ActivityFields,
  },
  { title: 'AdminInstance', description: 'A virtual machine, as administrators see it.' },
);

const count = (description: string) => Type.Integer({ description, minimum: 0 });

export const Pagination = Type.Object(
  {
    page: Type.Integer({ description: 'This page; the first is 1.', minimum: 1 }),
    pageSize: Type.Integer({ description: 'Instances on a full page.', minimum: 1, maximum: 100 }),
    totalCount: count('Instances that match, exactly.'),
    totalPages: count('Pages that they fill.'),
    hasNext: Type.Boolean({ description: 'Whether there is a page after this one.' }),
    hasPrev: Type.Boolean({ description: 'Whether there is a page before this one.' }),
  },
  { title: 'Pagination', description: 'Where this page stands.' },
);

export const AdminInstancePage = Type.Object(
  {
    instances: Type.Array(AdminInstance, { description: 'Newest first; empty when nothing matches.' }),
    pagination: Pagination,
    pages: count('The same as `pagination.totalPages`.'),
    items: count('The same as `pagination.totalCount`.'),
  },
  { title: 'AdminInstancePage', description: 'One page of instances of all customers.' },
);

/** The schemas that the OpenAPI documents reference by name; the names are their titles. */
export const ADMIN_SCHEMAS = {
  AdminInstance,
  AdminInstancePage,
  AuditEntry,
  AuditPage,
  Pagination,
  ...DESK_SCHEMAS,
} as const;
