import { LIMITED_FAILURES } from '../common/common-failures.ts';

/** Failures that every endpoint about limits can return; 429 because failed sign-ins per address are limited. */
export const BILLING_FAILURES = LIMITED_FAILURES;
