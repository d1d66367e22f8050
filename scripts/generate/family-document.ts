import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { FamilyName } from '#shared/contracts/contract.ts';
import { FLEET_FAILURE_STATUS } from '#shared/contracts/fleet/failure-status.ts';
import { RESOURCE_REASON_STATUS } from '#shared/contracts/resource/failure-status.ts';
import type { FailureKind } from '#shared/domain/failure.ts';
import { type FailureReason, kindOf } from '#shared/domain/reasons.ts';

/** Differences between the families in the public document, apart from their contracts. */
export interface FamilyDocument {
  readonly failureStatus: Readonly<Record<FailureKind, number>>;
  /** Statuses of reasons that differ from the status of their kind. */
  readonly reasonStatus: Readonly<Partial<Record<FailureReason, number>>>;
  readonly error: {
    readonly contentType: string;
    /** Name of the schema of error bodies. */
    readonly schema: string;
    /** Where the document lists the possible reasons. Every family sends the header. */
    readonly reasonIn: 'body' | 'header';
    /** Returns the schema of an error body with one of these reasons. */
    readonly schemaOf: (reasons: readonly FailureReason[]) => unknown;
  };
}

const reference = (schema: string) => ({ $ref: `#/components/schemas/${schema}` });

const FAMILY_DOCUMENTS: Readonly<Record<FamilyName, FamilyDocument>> = {
  compute: {
    failureStatus: FAILURE_STATUS,
    reasonStatus: {},
    error: {
      contentType: 'application/problem+json',
      schema: 'Problem',
      reasonIn: 'body',
      schemaOf: (reasons) => ({
        allOf: [reference('Problem'), { type: 'object', properties: { reason: { type: 'string', enum: reasons } } }],
      }),
    },
  },
  resource: {
    failureStatus: FAILURE_STATUS,
    reasonStatus: RESOURCE_REASON_STATUS,
    error: {
      contentType: 'application/json',
      schema: 'ResourceError',
      reasonIn: 'header',
      schemaOf: () => reference('ResourceError'),
    },
  },
  fleet: {
    failureStatus: FLEET_FAILURE_STATUS,
    reasonStatus: {},
    error: {
      contentType: 'application/json',
      schema: 'FleetError',
      reasonIn: 'header',
      schemaOf: () => reference('FleetError'),
    },
  },
};

export function familyDocument(family: FamilyName): FamilyDocument {
  return FAMILY_DOCUMENTS[family];
}

/** Returns the status with which a family reports a reason. */
export function statusOf(family: FamilyName, reason: FailureReason): number {
  const { reasonStatus, failureStatus } = FAMILY_DOCUMENTS[family];
  return reasonStatus[reason] ?? failureStatus[kindOf(reason)];
}
