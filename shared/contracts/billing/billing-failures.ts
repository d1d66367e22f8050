import { LIMITED_FAILURES } from '../common/common-failures.ts';

/** What any endpoint about limits can answer. The failed sign-ins of an address are limited here too, hence 429. */
export const BILLING_FAILURES = LIMITED_FAILURES;
