import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { FamilyName } from '#shared/contracts/contract.ts';
import { FLEET_FAILURE_STATUS } from '#shared/contracts/fleet/failure-status.ts';
import type { FailureKind } from '#shared/domain/failure.ts';
import { fleetErrorExample, problemExample, resourceErrorExample, WHAT_FAILED } from './public-texts.ts';

/** In what the families' operations differ in the public document, apart from their contracts. */
export interface FamilyDocument {
  readonly failureStatus: Readonly<Record<FailureKind, number>>;
  readonly whatFailed: Readonly<Record<FailureKind, string>>;
  readonly error: {
    readonly contentType: string;
    /** Name of the schema of its body. */
    readonly schema: string;
    readonly example: (kind: FailureKind, status: number) => unknown;
    /** Headers of errors alone, by name. */
    readonly headers: readonly string[];
  };
  /** Headers of every answer beside the request id, by name; without a limit an operation has those that stay. */
  readonly limitHeaders: { readonly limited: readonly string[]; readonly unlimited: readonly string[] };
  /** Credentials that it takes, by the names of the security schemes; any one of them. */
  readonly security: readonly Readonly<Record<string, readonly []>>[];
}

const RATE_LIMIT = ['RateLimit-Policy', 'RateLimit'];
const X_RATE_LIMIT = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

const FAMILY_DOCUMENTS: Readonly<Record<FamilyName, FamilyDocument>> = {
  compute: {
    failureStatus: FAILURE_STATUS,
    whatFailed: WHAT_FAILED,
    error: {
      contentType: 'application/problem+json',
      schema: 'Problem',
      example: problemExample,
      headers: ['x-error', 'x-error-id'],
    },
    limitHeaders: { limited: RATE_LIMIT, unlimited: [] },
    security: [{ bearer: [] }, { apiKey: [], apiSecret: [] }],
  },
  resource: {
    failureStatus: FAILURE_STATUS,
    whatFailed: {
      ...WHAT_FAILED,
      invalid_request: '`invalid_request`: the request is malformed; the error names everything that is wrong with it.',
      unprocessable:
        '`unprocessable`: the request is well formed and cannot be honoured: it names what is not in the catalogue, or a machine that cannot be, or the `Idempotency-Key` was used before with another request.',
    },
    error: {
      contentType: 'application/json',
      schema: 'ResourceError',
      example: resourceErrorExample,
      headers: ['x-error-id'],
    },
    limitHeaders: { limited: X_RATE_LIMIT, unlimited: X_RATE_LIMIT },
    security: [{ oneStringKey: [] }, { bearer: [] }, { apiKey: [], apiSecret: [] }],
  },
  fleet: {
    failureStatus: FLEET_FAILURE_STATUS,
    whatFailed: {
      ...WHAT_FAILED,
      invalid_request: '`invalid_request`: the request is malformed; `detail` lists everything that is wrong with it.',
      conflict: '`conflict`: an instance is not ready yet, because it is being created or deleted; nothing was done.',
      not_implemented: '`not_implemented`: an instance belongs to a spot bid; nothing was done.',
    },
    error: {
      contentType: 'application/json',
      schema: 'FleetError',
      example: fleetErrorExample,
      headers: ['x-error-id'],
    },
    limitHeaders: { limited: RATE_LIMIT, unlimited: [] },
    security: [{ bearer: [] }, { apiKey: [], apiSecret: [] }],
  },
};

export function familyDocument(family: FamilyName): FamilyDocument {
  return FAMILY_DOCUMENTS[family];
}
