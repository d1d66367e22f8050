import { EXPIRING_KINDS, KINDS } from '#shared/datastore/kinds.ts';
import type { Kind } from '#shared/datastore/kind.ts';

const HEAD = `# Versions of rows

Generated from \`shared/datastore/kinds.ts\`. A member that rows of earlier releases lack means for such a row what the table says; words of
closed lists may be joined by those of newer releases, which are read and written as they are. See [Upgrade and rollback](../README.md#upgrade-and-rollback).

| kind | ends by itself | members that older rows lack: what that means | words of closed lists |
| --- | --- | --- | --- |
`;

/**
 * Returns the content of `infra/generated/row-versions.md`: how rows of earlier and newer releases differ from today's,
 * by kind.
 */
export function rowVersions(): string {
  return `${HEAD}${KINDS.map(line).join('\n')}\n`;
}

function line({ name, added, words }: Kind<unknown>): string {
  const lacking = Object.entries(added).map(([member, value]) => `\`${member}\`: \`${JSON.stringify(value)}\``);
  const lists = Object.entries(words).map(([member, list]) => `\`${member}\` (${list.length})`);
  return `| ${[name, EXPIRING_KINDS.includes(name) ? 'yes' : 'no', lacking.join(', '), lists.join(', ')].join(' | ')} |`;
}
