import type { Contract } from '../contract.ts';
import { limitsGet } from './limits-get.ts';
import { limitsUsage } from './limits-usage.ts';
import { quotasGet } from './quotas-get.ts';
import { quotasUsage } from './quotas-usage.ts';

/** The endpoints about quotas and rate limits, in the order of the documentation. */
export const BILLING_CONTRACTS: readonly Contract[] = [quotasGet, quotasUsage, limitsGet, limitsUsage];
