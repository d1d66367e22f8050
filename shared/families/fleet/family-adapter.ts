import { readCredential } from '#shared/auth/credential.ts';
import { FLEET_FAILURE_STATUS } from '#shared/contracts/fleet/failure-status.ts';
import type { Failure, InvalidField } from '#shared/domain/failure.ts';
import type { FamilyAdapter } from '#shared/http/pipeline.ts';
import { errorHeaders } from '../error-headers.ts';
import { rateLimitHeaders } from '../rate-limit-headers.ts';
import { readQuery } from './read-query.ts';

/** This family's words for violated rules; rules that are missing here keep their names. */
const TYPE_OF_RULE: Readonly<Record<string, string>> = {
  required: 'missing',
  additionalProperties: 'extra_forbidden',
  type: 'wrong_type',
  enum: 'not_in_enum',
  minimum: 'greater_than_equal',
  maximum: 'less_than_equal',
  minItems: 'too_short',
  maxItems: 'too_long',
  minLength: 'too_short',
  maxLength: 'too_long',
  uniqueItems: 'not_unique',
  pattern: 'pattern_mismatch',
  json: 'json_invalid',
  repeated: 'repeated',
};

/** Adapter of the fleet family, whose errors are a sentence or a list of invalid fields. */
export const fleetFamily: FamilyAdapter = {
  name: 'fleet',
  credential: readCredential,
  readQuery,
  limitHeaders: rateLimitHeaders,
  failure: (failure: Failure, { errorId }) => ({
    status: FLEET_FAILURE_STATUS[failure.kind],
    contentType: 'application/json; charset=utf-8',
    headers: errorHeaders(failure, errorId),
    body: {
      detail: failure.fields.length > 0 ? failure.fields.map(presentField) : failure.message,
    },
  }),
};

/** Where the values are listed of what a request lacks. */
const LISTED_AT: Readonly<Record<string, string>> = {
  '/project': '/v2/projects',
  '/instance_type': '/v2/spot/availability',
  '/region': '/v2/spot/availability',
};

function presentField({ place, pointer, message, rule }: InvalidField) {
  const list = rule === 'required' ? LISTED_AT[pointer] : undefined;
  const way = pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((segment) => (/^(0|[1-9]\d*)$/.test(segment) ? Number(segment) : segment));
  return {
    loc: [place, ...way],
    msg: list === undefined ? message : `${message}: GET ${list} lists them`,
    type: TYPE_OF_RULE[rule] ?? rule,
  };
}
