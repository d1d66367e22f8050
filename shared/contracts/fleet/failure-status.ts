import { FAILURE_STATUS } from '../failure-status.ts';

/** The fleet family has one status for everything that is wrong with a request, whichever check finds it. */
export const FLEET_FAILURE_STATUS = { ...FAILURE_STATUS, invalid_request: 422 } as const;
