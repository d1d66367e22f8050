import type { ListRequest } from '#shared/actions/list-instances.ts';
import type { InstanceReading } from '#shared/actions/read-instance.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { shownStatus, STATUS_GROUP, type StatusGroup } from '#shared/domain/status.ts';
import { timestamp } from '../timestamp.ts';
import { presentActivity } from './present-activity.ts';

/** Returns an instance in the form that administrators see, with the bare machine type and a status group. */
export function presentAdminInstance(instance: Instance, pending?: Operation) {
  return {
    id: instance.id,
    userId: instance.userId,
    customerId: instance.customerId,
    name: instance.displayName,
    zone: instance.zone,
    machineType: instance.machine.machineType,
    externalIp: instance.externalIp,
    internalIp: instance.internalIp,
    status: STATUS_GROUP[shownStatus(instance.status)],
    templateId: instance.templateId,
    createdAt: timestamp(instance.createdAtMs),
    statusSyncedAt: timestamp(instance.statusSyncedAtMs),
    statusReason: instance.statusReason,
    labels: instance.machine.labels,
    ...presentActivity(instance, { pending, strictness: 'strict' }),
  };
}

/** Returns a page in both formats that clients read: `pagination`, and `pages` and `items` next to the instances. */
export function presentAdminPage(
  { page, pageSize }: Pick<ListRequest, 'page' | 'pageSize'>,
  { instances, totalCount }: { readonly instances: readonly InstanceReading[]; readonly totalCount: number },
) {
  const totalPages = Math.ceil(totalCount / pageSize);
  return {
    instances: instances.map(({ instance, pending }) => presentAdminInstance(instance, pending)),
    // For a page beyond the last one, the previous page is the last one, if any page exists.
    pagination: {
      page,
      pageSize,
      totalCount,
      totalPages,
      hasNext: page < totalPages,
      hasPrev: page > 1 && totalPages > 0,
    },
    pages: totalPages,
    items: totalCount,
  };
}

const PAGE_SIZE_DEFAULT = 20;

/** The query of the list, after validation by its contract. */
export interface AdminListQuery {
  readonly page: number;
  readonly pageSize?: number;
  /** Alias of `pageSize`. */
  readonly limit?: number;
  readonly userID?: string;
  readonly customerID?: string;
  readonly status?: StatusGroup;
  readonly zone?: string;
  readonly templateID?: string;
}

export function toListRequest(query: AdminListQuery): ListRequest {
  const { userID: userId, customerID: customerId, status: statusGroup, zone, templateID: templateId } = query;
  return {
    page: query.page,
    pageSize: query.pageSize ?? query.limit ?? PAGE_SIZE_DEFAULT,
    filters: {
      ...(userId === undefined ? {} : { userId }),
      ...(customerId === undefined ? {} : { customerId }),
      ...(statusGroup === undefined ? {} : { statusGroup }),
      ...(zone === undefined ? {} : { zone }),
      ...(templateId === undefined ? {} : { templateId }),
    },
  };
}
