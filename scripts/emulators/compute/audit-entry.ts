import { randomBytes } from 'node:crypto';
import type { Operation, OperationFailure } from './operation-resource.ts';
import { diskName, instanceName } from './resource-names.ts';

/** A LogEntry of Cloud Audit Logs, as a log sink publishes it for Compute Engine. */
export interface AuditEntry {
  readonly insertId: string;
  readonly logName: string;
  readonly timestamp: string;
  readonly receiveTimestamp: string;
  readonly severity: 'NOTICE' | 'INFO' | 'ERROR';
  readonly resource: {
    readonly type: 'gce_instance' | 'gce_disk';
    /** Includes `instance_id` or `disk_id`. */
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly protoPayload: {
    readonly '@type': 'type.googleapis.com/google.cloud.audit.AuditLog';
    readonly serviceName: 'compute.googleapis.com';
    readonly methodName: string;
    readonly resourceName: string;
    readonly authenticationInfo: { readonly principalEmail: string };
    readonly request: { readonly '@type': string };
    readonly status?: { readonly code?: number; readonly message: string };
  };
  readonly operation: {
    readonly id: string;
    readonly producer: string;
    readonly first?: true;
    readonly last?: true;
  };
}

/** google.rpc codes of the ways in which an operation can fail. */
const UNAVAILABLE = 14;

/** Whether an entry marks the start or the end of a long operation; a system event has one entry for both. */
export interface AuditMoment {
  readonly first?: true;
  readonly last?: true;
  readonly failure?: OperationFailure | undefined;
}

export function auditEntry(operation: Operation, moment: AuditMoment, atMs: number): AuditEntry {
  const { id, project, zone, name } = operation.target;
  const isDisk = operation.method.startsWith('disks.');
  const { failure } = moment;
  const system = operation.auditMethod.startsWith('compute.');
  const timestamp = new Date(atMs).toISOString();
  const status =
    failure === undefined ? statusOfSystemEvent(operation) : { code: UNAVAILABLE, message: failure.message };
  return {
    insertId: `-${randomBytes(6).toString('hex')}`,
    logName: `projects/${project}/logs/cloudaudit.googleapis.com%2F${system ? 'system_event' : 'activity'}`,
    timestamp,
    receiveTimestamp: timestamp,
    severity: severityOf(system, failure),
    resource: isDisk
      ? { type: 'gce_disk', labels: { disk_id: id, zone, project_id: project } }
      : { type: 'gce_instance', labels: { instance_id: id, zone, project_id: project } },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'compute.googleapis.com',
      methodName: operation.auditMethod,
      resourceName: isDisk ? diskName(project, zone, name) : instanceName(project, zone, name),
      authenticationInfo: { principalEmail: operation.principal },
      request: { '@type': `type.googleapis.com/${operation.auditMethod.replace(/^(v1|beta)\./, '')}` },
      ...(status === undefined ? {} : { status }),
    },
    operation: {
      id: operation.name,
      producer: system ? operation.auditMethod : 'compute.googleapis.com',
      ...(moment.first === true ? { first: true } : {}),
      ...(moment.last === true ? { last: true } : {}),
    },
  };
}

function statusOfSystemEvent(operation: Operation): { readonly message: string } | undefined {
  const message = operation.resource.statusMessage;
  return message === undefined ? undefined : { message };
}

function severityOf(system: boolean, failure: OperationFailure | undefined): AuditEntry['severity'] {
  if (failure !== undefined) return 'ERROR';
  return system ? 'INFO' : 'NOTICE';
}
