import { BID_FID, PROJECT_FID } from './example-values.ts';

// The values of the examples of bids, once.

export const SSH_KEY_FID = 'sshkey_0m4x2k9q1a1b2c3d4e5f6';

export const LAUNCH = {
  volumes: [],
  ssh_keys: [SSH_KEY_FID],
  startup_script: null,
  kubernetes_cluster: null,
  image_version: null,
  memory_gb: null,
} as const;

export const NEW_BID = {
  project: PROJECT_FID,
  region: 'us-central1-a',
  instance_type: 'it_n1-standard-2',
  limit_price: '$0.25',
  instance_quantity: 2,
  name: 'train',
  launch_specification: { volumes: [], ssh_keys: [SSH_KEY_FID] },
} as const;

/** As it was placed. */
export const BID = {
  fid: BID_FID,
  name: 'train',
  project: PROJECT_FID,
  created_by: 'user_550e8400-e29b-41d4-a716-446655440000',
  created_at: '2024-01-01T00:00:00Z',
  deactivated_at: null,
  limit_price: '$0.25',
  instance_quantity: 2,
  instance_type: 'it_n1-standard-2',
  region: 'us-central1-a',
  instances: [],
  launch_specification: LAUNCH,
  status: 'Open',
} as const;
