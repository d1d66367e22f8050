import type { Contract, FamilyName } from '#shared/contracts/contract.ts';
import { type FailureReason, REASONS } from '#shared/domain/reasons.ts';
import { familyDocument, statusOf } from './family-document.ts';
import { recordedFailure } from './failure-examples.ts';

type Json = Readonly<Record<string, unknown>>;

/** One error response of one endpoint; responses that several operations share are written once. */
interface ErrorAnswer {
  readonly family: FamilyName;
  readonly status: number;
  /** The possible reasons, in the order of the list of reasons. */
  readonly reasons: readonly FailureReason[];
}

export interface ErrorComponents {
  /** Returns the responses of an operation, by status. */
  readonly of: (contract: Contract) => Readonly<Record<string, Json>>;
  readonly responses: Json;
  readonly examples: Json;
}

/** Returns the error responses of all contracts as shared components. */
export function errorComponents(contracts: readonly Contract[]): ErrorComponents {
  const answers = new Map(contracts.flatMap(answersOf).map((answer) => [keyOf(answer), answer]));
  const names = componentNames([...answers]);
  const reasons = Map.groupBy([...answers.values()], ({ family }) => family);
  return {
    of: (contract) =>
      Object.fromEntries(
        answersOf(contract).map((answer) => [
          String(answer.status),
          { $ref: `#/components/responses/${names.get(keyOf(answer)) ?? ''}` },
        ]),
      ),
    responses: sorted([...answers].map(([key, answer]) => [names.get(key) ?? '', response(answer)])),
    examples: sorted(
      [...reasons].flatMap(([family, these]) =>
        [...new Set(these.flatMap((answer) => answer.reasons))].flatMap((reason) => {
          const recorded = recordedFailure(family, reason);
          return recorded === undefined
            ? []
            : [[exampleName(family, reason), { summary: REASONS[reason].title, value: recorded }] as const];
        }),
      ),
    ),
  };
}

function answersOf({ family, failures }: Contract): readonly ErrorAnswer[] {
  const order = Object.keys(REASONS);
  const byStatus = Map.groupBy(failures, (reason) => statusOf(family, reason));
  return [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, reasons]) => ({
      family,
      status,
      reasons: [...reasons].sort((a, b) => order.indexOf(a) - order.indexOf(b)),
    }));
}

function keyOf({ family, status, reasons }: ErrorAnswer): string {
  return `${family} ${status} ${reasons.join(' ')}`;
}

/**
 * Names each response by family, status and, if needed to distinguish it, its first reason that not all responses of
 * that family and status have: `Compute404InstanceNotFound`.
 */
function componentNames(answers: readonly (readonly [string, ErrorAnswer])[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const groups = Map.groupBy(answers, ([, { family, status }]) => `${capital(family)}${status}`);
  for (const [base, group] of groups) {
    const isCommon = (reason: FailureReason) => group.every(([, { reasons }]) => reasons.includes(reason));
    const taken = new Set<string>();
    for (const [key, { reasons }] of group) {
      const own = reasons.find((reason) => !isCommon(reason));
      const wanted = base + (own ?? '').split('_').map(capital).join('');
      const name = [wanted, ...group.map((_, index) => `${wanted}${index + 2}`)].find((free) => !taken.has(free));
      taken.add(name ?? wanted);
      names.set(key, name ?? wanted);
    }
  }
  return names;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function exampleName(family: FamilyName, reason: string): string {
  return `${family}.${reason}`;
}

/**
 * Returns a response. Every error response has `x-request-id`, the rate limit's headers, `x-error` and `x-error-id`, as the
 * introduction says. The reasons are listed once: in the body's schema if the family's body names them, otherwise as the
 * enum of `x-error-reason`.
 */
function response({ family, status, reasons }: ErrorAnswer): Json {
  const { error } = familyDocument(family);
  const retry = reasons.some((reason) => REASONS[reason].repeat === 'later') && status !== 500;
  const headers = {
    ...(retry ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}),
    ...(error.reasonIn === 'body' ? {} : { 'x-error-reason': { schema: { type: 'string', enum: reasons } } }),
  };
  const examples = reasons.filter((reason) => recordedFailure(family, reason) !== undefined);
  return {
    description: reasons.map((reason) => `\`${reason}\`: ${REASONS[reason].title}.`).join(' '),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: {
      [error.contentType]: {
        schema: error.schemaOf(reasons),
        ...(examples.length === 0
          ? {}
          : {
              examples: Object.fromEntries(
                examples.map((reason) => [reason, { $ref: `#/components/examples/${exampleName(family, reason)}` }]),
              ),
            }),
      },
    },
  };
}

function sorted(entries: readonly (readonly [string, unknown])[]): Json {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
