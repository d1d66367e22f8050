/** Label that marks our VMs. VMs without it are never changed. Users can neither set nor see it. */
export const DEPLOYMENT_LABEL = 'compute-api';
