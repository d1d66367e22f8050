import type { Contract } from '../contract.ts';
import { limitsGet } from './limits-get.ts';
import { limitsUsage } from './limits-usage.ts';
import { quotasGet } from './quotas-get.ts';
import { quotasUsage } from './quotas-usage.ts';
import { limitsFeature } from './limits-feature.ts';
import { limitsService } from './limits-service.ts';
import { limitsUsageFeature } from './limits-usage-feature.ts';
import { quotasFeature } from './quotas-feature.ts';
import { quotasService } from './quotas-service.ts';

/** The endpoints about quotas and rate limits, in the order of the documentation. */
export const BILLING_CONTRACTS: readonly Contract[] = [
  quotasGet,
  quotasService,
  quotasFeature,
  quotasUsage,
  limitsGet,
  limitsService,
  limitsFeature,
  limitsUsage,
  limitsUsageFeature,
];
