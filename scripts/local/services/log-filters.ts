import { readFileSync } from 'node:fs';
import { parseLogFilter } from '#scripts/emulators/logging/log-filter.ts';
import { LOCAL_ID_PREFIXES } from '../functions/function-environment.ts';

/** The filters that Terraform deploys, filled with the prefixes of the local cloud's instances. */
const FILTERS = JSON.parse(
  readFileSync(new URL('../../../infra/log-filters.json', import.meta.url), 'utf8').replaceAll(
    '${prefixes}',
    Object.values(LOCAL_ID_PREFIXES).join('|'),
  ),
) as Readonly<Record<'computeEvents' | 'gatewayCredentials', string>>;

/** Matches the entries that the sink of Compute Engine's audit log forwards. */
export const isComputeEvent = parseLogFilter(FILTERS.computeEvents);

/** Matches the entries that the exclusion keeps from being stored: those with a caller's key. */
export const hasCredential = parseLogFilter(FILTERS.gatewayCredentials);
