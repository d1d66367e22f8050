import { describe, expect, it } from 'vitest';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { broken } from './rules.ts';
import { blocks, terraformFiles } from './terraform-sources.ts';

const FILES = terraformFiles();

function mutated({ file, from, to }: Mutation) {
  return FILES.map(({ name, text }) => ({ name, text: name === file ? text.replace(from, to) : text }));
}

describe('the rules of the configuration', () => {
  it('hold', () => {
    expect(broken(blocks())).toEqual([]);
  });

  it('are tried with at least forty mistakes, each in the text of its file', () => {
    const lost = MUTATIONS.filter(
      ({ file, from }) => FILES.find(({ name }) => name === file)?.text.includes(from) !== true,
    );

    expect(lost).toEqual([]);
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(40);
  });

  it.each(MUTATIONS.map((each) => [each.file, each.from.trim(), each.to.trim() || 'nothing', each] as const))(
    'catch in %s: %s → %s',
    (_, __, ___, mutation) => {
      expect(broken(blocks(mutated(mutation)))).not.toEqual([]);
    },
  );
});
