import { expect, test } from 'vitest';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { presentAdminInstance, presentAdminPage, toListRequest } from '#shared/families/compute/present-admin.ts';
import { anInstance } from '#test/support/an-instance.ts';

/** The contract's words for statuses (decision 4 of the compute family). */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  provisioning: ['PROVISIONING', 'STAGING', 'PENDING'],
  running: ['RUNNING', 'REPAIRING'],
  stopped: ['STOPPING', 'PENDING_STOP', 'SUSPENDING', 'SUSPENDED', 'STOPPED', 'TERMINATED'],
  error: ['ERROR'],
  deleting: ['DELETING', 'DEPROVISIONING'],
};

test('every status is shown by its word', () => {
  const shown = INSTANCE_STATUSES.map((status) => [status, presentAdminInstance(anInstance({ status })).status]);

  const expected = Object.entries(WORDS).flatMap(([word, statuses]) => statuses.map((status) => [status, word]));
  expect(new Map(shown as [string, string][])).toEqual(new Map(expected as [string, string][]));
});

test('an instance has the documented members and no other', () => {
  expect(presentAdminInstance(anInstance({ displayName: 'build-runner-03' }))).toEqual({
    id: 'tw-550e84-a1b2c3d4',
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    name: 'build-runner-03',
    zone: 'us-central1-a',
    machineType: 'n1-standard-2',
    externalIp: '',
    internalIp: '',
    status: 'running',
    templateId: 'ubuntu-22-standard',
    createdAt: '2023-11-14T22:13:20Z',
    statusSyncedAt: '2023-11-14T22:13:20Z',
    statusReason: null,
    labels: {},
    pendingOperation: null,
    lastOperation: null,
    allowedActions: ['stop', 'restart', 'reset', 'update', 'delete'],
    blockedBecause: { start: 'wrong_state', resize: 'wrong_state' },
  });
});

const places = [
  { title: 'the first of many', page: 1, pageSize: 50, totalCount: 812, totalPages: 17, hasNext: true, hasPrev: false },
  { title: 'one in the middle', page: 9, pageSize: 50, totalCount: 812, totalPages: 17, hasNext: true, hasPrev: true },
  { title: 'the last', page: 17, pageSize: 50, totalCount: 812, totalPages: 17, hasNext: false, hasPrev: true },
  { title: 'beyond the last', page: 18, pageSize: 50, totalCount: 812, totalPages: 17, hasNext: false, hasPrev: true },
  { title: 'the only one, full', page: 1, pageSize: 50, totalCount: 50, totalPages: 1, hasNext: false, hasPrev: false },
  {
    title: 'the first of nothing',
    page: 1,
    pageSize: 20,
    totalCount: 0,
    totalPages: 0,
    hasNext: false,
    hasPrev: false,
  },
  {
    title: 'the second of nothing',
    page: 2,
    pageSize: 20,
    totalCount: 0,
    totalPages: 0,
    hasNext: false,
    hasPrev: false,
  },
];

test.each(places)('a page says where it stands: $title', (place) => {
  const pagination = { ...place, title: undefined };
  const { page, pageSize, totalCount, totalPages } = pagination;

  const shown = presentAdminPage({ page, pageSize }, { instances: [], totalCount });

  expect(shown).toEqual({ instances: [], pagination, pages: totalPages, items: totalCount });
});

test('limit is pageSize by another name, and a page has 20 when neither was sent', () => {
  expect(toListRequest({ page: 3, limit: 7 })).toEqual({ page: 3, pageSize: 7, filters: {} });
  expect(toListRequest({ page: 3, pageSize: 8 })).toEqual({ page: 3, pageSize: 8, filters: {} });
  expect(toListRequest({ page: 1 })).toEqual({ page: 1, pageSize: 20, filters: {} });
});

test('every filter of the query is one of the list', () => {
  const query = { page: 1, userID: 'u', customerID: 'c', status: 'error' as const, zone: 'z', templateID: 't' };

  expect(toListRequest(query).filters).toEqual({
    userId: 'u',
    customerId: 'c',
    statusGroup: 'error',
    zone: 'z',
    templateId: 't',
  });
});
