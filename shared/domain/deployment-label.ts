/** The label that makes a VM ours: nothing without it is ever touched. Users neither set it nor see it. */
export const DEPLOYMENT_LABEL = 'compute-api';
