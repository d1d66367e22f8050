import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfiguration } from '#shared/runtime/configuration.ts';

/*
 * FAILED_SIGN_INS_PER_MINUTE could not be set from Terraform, and FORWARDED_HOPS made functions take the gateway for
 * the caller.
 */

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Ending of settings that only the local cloud uses. */
const LOCAL_ONLY = '_EMULATOR_HOST';

test('every setting that a function reads can be set from Terraform', () => {
  const asked: string[] = [];
  const environment = new Proxy<Record<string, string>>({}, { get: (_, name) => void asked.push(String(name)) });
  expect(() => readConfiguration(environment)).toThrow('GOOGLE_CLOUD_PROJECT');
  const names = [...new Set(asked)].filter((name) => !name.endsWith(LOCAL_ONLY));
  const [, block = ''] = /_environment_variables = merge\((.*?)\n {2}\}\)/s.exec(read('infra/functions.tf')) ?? [];
  const set = [...block.matchAll(/^ +([A-Z_]+) += /gm)].map(([, name]) => name);

  expect(set).toEqual(expect.arrayContaining(names));
});

test('the defaults of Terraform are those of the code', () => {
  const { forwardedHops, failedSignInsPerMinute, orphanKeptDays, ...sweep } = readConfiguration({
    GOOGLE_CLOUD_PROJECT: 'demo-project',
  });
  const variables = read('infra/variables.tf');
  const hops = /forwarded_hops = coalesce\(var\.forwarded_hops, var\.domain == null \? (\d+) : \d+\)/.exec(
    read('infra/main.tf'),
  );
  const defaultOf = (name: string) =>
    Number(new RegExp(`variable "${name}" \\{.*?default += (\\d+)`, 's').exec(variables)?.[1]);

  expect([Number(hops?.[1]), forwardedHops]).toEqual([2, 2]);
  expect([defaultOf('orphan_kept_days'), orphanKeptDays]).toEqual([7, 7]);
  const sweepDefaultOf = (name: string) =>
    Number(new RegExp(`${name} += optional\\(number, (\\d+)\\)`).exec(variables)?.[1]);
  expect([sweepDefaultOf('slice_machines'), sweep.sweepSliceMachines]).toEqual([20_000, 20_000]);
  expect([sweepDefaultOf('slices_at_once'), sweep.sweepSlicesAtOnce]).toEqual([8, 8]);
  expect([sweepDefaultOf('run_seconds'), sweep.sweepRunSeconds]).toEqual([50, 50]);
  expect([defaultOf('failed_sign_ins_per_minute'), failedSignInsPerMinute]).toEqual([20, 20]);
});
