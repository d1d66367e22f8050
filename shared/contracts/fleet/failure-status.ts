import { FAILURE_STATUS } from '../failure-status.ts';

/** In the fleet family every invalid request has the status 422, whichever check refuses it. */
export const FLEET_FAILURE_STATUS = { ...FAILURE_STATUS, invalid_request: 422 } as const;
