import { describe, expect, it } from 'vitest';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { generated } from './terraform-sources.ts';

const manifest = generated('functions.json') as FunctionManifest;

describe('entry points', () => {
  it('had hyphens, which gcloud refuses and the API may as well: they match its pattern', () => {
    const entryPoints = manifest.functions.map(({ entryPoint }) => entryPoint);

    expect(entryPoints.filter((each) => !/^[_a-zA-Z0-9]+(\.[_a-zA-Z0-9]+)*$/.test(each))).toEqual([]);
    expect(new Set(entryPoints).size).toBe(entryPoints.length);
  });
});
