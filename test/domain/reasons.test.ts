import { PRICE_ABOVE_LIMIT } from '#shared/domain/bid-steps.ts';
import { describe, expect, test } from 'vitest';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { FAILURE_KINDS } from '#shared/domain/failure.ts';
import { MACHINE_TYPE_CHANGED, VM_REPLACED } from '#shared/domain/history.ts';
import { OPERATION_FAILURES } from '#shared/domain/operation.ts';
import { COMMAND_REASONS } from '#shared/domain/reasons/command-reasons.ts';
import { VOLUME_REASONS } from '#shared/domain/reasons/volume-reasons.ts';
import { REPEATS } from '#shared/domain/reasons/reason-entry.ts';
import { type Reason, REASONS } from '#shared/domain/reasons.ts';

const NAMES = Object.keys(REASONS) as readonly Reason[];

describe.each(NAMES)('%s', (name) => {
  const { kind, title, meaning, remedy, repeat } = REASONS[name];

  test('is a lower_snake word with a title, a meaning, a remedy and a word on repeats', () => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(title).toMatch(/^[A-Z][^.]{3,79}$/);
    for (const text of [meaning, remedy]) expect(text).toMatch(/^[A-Z].*[.]$/s);
    expect(REPEATS).toContain(repeat);
  });

  test('belongs to a kind, or is a word of operations and history', () => {
    const words: readonly string[] = [...OPERATION_FAILURES, VM_REPLACED, MACHINE_TYPE_CHANGED, PRICE_ABOVE_LIMIT];

    if (kind === null) expect(words).toContain(name);
    else expect(FAILURE_KINDS).toContain(kind);
  });

  test('is documented where it can be met', () => {
    const places = [
      ...CONTRACTS.flatMap(({ failures }) => failures),
      ...OPERATION_FAILURES,
      ...Object.keys(COMMAND_REASONS),
      // Failures of volumes also reach a caller through the bid that names the volumes.
      ...Object.keys(VOLUME_REASONS),
      // Reasons of replies without an endpoint, of log lines only, and of the history.
      ...[
        'unknown_path',
        'method_not_allowed',
        'request_aborted',
        VM_REPLACED,
        MACHINE_TYPE_CHANGED,
        PRICE_ABOVE_LIMIT,
      ],
    ];

    expect(places).toContain(name);
  });
});

test('every reason for which an operation can fail is in the list', () => {
  expect(NAMES).toEqual(expect.arrayContaining([...OPERATION_FAILURES]));
});
