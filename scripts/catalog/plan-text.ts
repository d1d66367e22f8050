import type { Plan, PlanItem } from '#shared/catalog/plan-catalog.ts';
import { useText } from '#shared/domain/in-use.ts';

const SIGN = { add: '+', change: '~', remove: '-', keep: '=' } as const;

/**
 * Returns a plan as text for people: the changes, member by member, then what stays as it is and what prevents a
 * change.
 */
export function planText(plan: Plan): string {
  const done = plan.items.filter((item) => item.change !== 'keep');
  const kept = plan.items.filter((item) => item.change === 'keep');
  const lines = [
    ...done.flatMap(itemLines),
    ...(done.length > 0 ? [''] : []),
    ...keptLines(kept),
    ...plan.warnings.map((warning) => `Warning: ${warning}`),
    ...plan.refused.map((use) => `Refused: ${useText(use)}.`),
    summary(plan),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function itemLines(item: PlanItem): readonly string[] {
  const head = `${SIGN[item.change]} ${item.what}`;
  const width = Math.max(0, ...item.members.map(({ member }) => member.length)) + 1;
  return [
    head,
    ...item.members.map(({ member, from, to }) => {
      const name = `${member}:`.padEnd(width);
      return item.change === 'add'
        ? `    ${name} ${valueText(to)}`
        : `    ${name} ${valueText(from)} → ${valueText(to)}`;
    }),
  ];
}

function keptLines(kept: readonly PlanItem[]): readonly string[] {
  if (kept.length === 0) return [];
  return ['Stored, not in the file, left alone:', ...kept.map((item) => `${SIGN.keep} ${item.what}`), ''];
}

/** Returns a summary in one line: how many changes of each kind. */
export function summary(plan: Plan): string {
  const count = (change: PlanItem['change']) => plan.items.filter((item) => item.change === change).length;
  if (count('add') + count('change') + count('remove') === 0) return 'Nothing to do.';
  return `${count('add')} to add, ${count('change')} to change, ${count('remove')} to remove.`;
}

function valueText(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value);
}
