import { randomBytes } from 'node:crypto';
import { pacificTime } from './pacific-time.ts';
import { operationName, resourceUrl, zoneName } from './resource-names.ts';

/** The error of an operation that ended without its effect. */
export interface OperationFailure {
  readonly code: string;
  readonly message: string;
  readonly httpStatus: number;
  readonly httpMessage: string;
  /** Details that some codes have besides the text: a localized message, and an ErrorInfo with `zonesAvailable`. */
  readonly details?: readonly object[];
}

/** Compute Engine's Operation resource, as `zoneOperations.get` returns it. */
export interface OperationResource {
  readonly kind: 'compute#operation';
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly clientOperationId?: string;
  readonly operationType: string;
  readonly targetLink: string;
  readonly targetId: string;
  readonly status: 'PENDING' | 'RUNNING' | 'DONE';
  readonly statusMessage?: string;
  readonly user: string;
  readonly progress: number;
  readonly insertTime: string;
  readonly startTime?: string;
  readonly endTime?: string;
  readonly error?: {
    readonly errors: readonly {
      readonly code: string;
      readonly message: string;
      readonly errorDetails?: readonly object[];
    }[];
  };
  readonly httpErrorStatusCode?: number;
  readonly httpErrorMessage?: string;
  readonly selfLink: string;
}

/** The VM or disk that an operation changes. */
export interface OperationTarget {
  readonly id: string;
  readonly project: string;
  readonly zone: string;
  readonly name: string;
}

/** An operation: the resource that callers see, and the place by which it is found. */
export interface Operation {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
  /** The API's name of the call: `instances.insert`, `disks.resize`, … */
  readonly method: string;
  readonly insertMs: number;
  /** The account that the audit log names. */
  readonly principal: string;
  /** The method's name in the audit log. */
  readonly auditMethod: string;
  /** The VM or disk that the operation changes. */
  readonly target: OperationTarget;
  readonly resource: OperationResource;
}

export interface OperationRequest {
  readonly method: string;
  readonly operationType: string;
  readonly auditMethod: string;
  readonly principal: string;
  readonly requestId: string | undefined;
  readonly target: OperationTarget & { readonly resource: { readonly selfLink: string } };
}

/** Returns a new 19-digit id, the form of ids of all Compute Engine resources. */
export function newNumericId(): string {
  return String(1_000_000_000_000_000_000n + (randomBytes(8).readBigUInt64BE() % 8_000_000_000_000_000_000n));
}

export function newOperation(request: OperationRequest, nowMs: number): Operation {
  const { id, project, zone, name: targetName } = request.target;
  const hex = randomBytes(10).toString('hex');
  const kind = request.operationType.startsWith('compute.') ? 'systemevent' : 'operation';
  const name = `${kind}-${nowMs}-${hex.slice(0, 4)}${hex.slice(4, 8)}-${hex.slice(8, 16)}-${hex.slice(12, 20)}`;
  return {
    project,
    zone,
    name,
    method: request.method,
    insertMs: nowMs,
    principal: request.principal,
    auditMethod: request.auditMethod,
    target: { id, project, zone, name: targetName },
    resource: {
      kind: 'compute#operation',
      id: newNumericId(),
      name,
      zone: resourceUrl(zoneName(project, zone)),
      ...(request.requestId === undefined ? {} : { clientOperationId: request.requestId }),
      operationType: request.operationType,
      targetLink: request.target.resource.selfLink,
      targetId: id,
      status: 'PENDING',
      user: request.principal,
      progress: 0,
      insertTime: pacificTime(nowMs),
      selfLink: resourceUrl(operationName(project, zone, name)),
    },
  };
}

export function startedOperation(operation: Operation, atMs: number): Operation {
  return { ...operation, resource: { ...operation.resource, status: 'RUNNING', startTime: pacificTime(atMs) } };
}

export function endedOperation(operation: Operation, atMs: number, failure?: OperationFailure): Operation {
  const outcome =
    failure === undefined
      ? {}
      : {
          error: {
            errors: [
              {
                code: failure.code,
                message: failure.message,
                ...(failure.details === undefined ? {} : { errorDetails: failure.details }),
              },
            ],
          },
          httpErrorStatusCode: failure.httpStatus,
          httpErrorMessage: failure.httpMessage,
        };
  const endTime = pacificTime(atMs);
  const startTime = operation.resource.startTime ?? endTime;
  return {
    ...operation,
    resource: { ...operation.resource, status: 'DONE', progress: 100, startTime, endTime, ...outcome },
  };
}
