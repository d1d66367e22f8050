import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { absentModule, editedModule, REPLACEMENTS } from '#scripts/build/module-replacements.ts';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

describe('replaced modules', () => {
  it.each(REPLACEMENTS.map(({ module, because }) => [module, because]))('%s is installed: %s', (module) => {
    expect(existsSync(join(NODE_MODULES, module))).toBe(true);
  });

  it('are at most 30: each has to be looked at again with every release of its package', () => {
    expect(REPLACEMENTS.length).toBeLessThanOrEqual(30);
  });

  it('throws, with the name of the table, when something of an absent module is used', () => {
    const module: { exports: Record<string, unknown> } = { exports: {} };
    runInNewContext(absentModule('package/file.js'), { module });

    expect(() => module.exports['anything']).toThrow('package/file.js is not in this bundle');
    expect(module.exports['__esModule']).toBeUndefined();
  });

  it.each([
    ['is gone', 'nothing here'],
    ['is there twice', 'old old'],
  ])('refuses to edit when the text %s', (_case, source) => {
    const row = { kind: 'edited', module: 'package/file.js', because: 'x', edits: [['old', 'new']] } as const;

    expect(() => editedModule(row, source)).toThrow('instead of once. The package changed');
    expect(editedModule(row, 'an old text')).toBe('an new text');
  });
});
