// The values of the documentation's examples, once.

export const PROJECT_FID = 'proj_abc123456789';
export const INSTANCE_FID = 'inst_tw-550e84-a1b2c3d4';
export const OTHER_INSTANCE_FID = 'inst_tw-550e84-0badcafe';
export const RESERVATION_FID = 'res_abc123456789';
export const BID_FID = 'bid_abc123456789';
export const CURSOR =
  '4EqvqOZy66Nz8QH4eTG0vNCQ3cv1K0hRdodswh1S-jQR63J0_L7VT5rzW83dYI1r6298QEZB2Bibqd1kqPtu2Tj9F8Cx_CU-OH7o7GPmGNdHC0sHkzZX_5djBcJRYJstkGflpuW7ZAXTKgw_hOaGs8SoYJLW9HkhqWI1P5fONtmvuDttzQ1K7RatLGBRIJSpwF0h8JbFBQ_iN6Hj';

export const FLEET_INSTANCE = {
  fid: INSTANCE_FID,
  name: 'tw-550e84-a1b2c3d4',
  project: PROJECT_FID,
  created_at: '2024-01-01T00:00:00Z',
  created_by: 'user_550e8400-e29b-41d4-a716-446655440000',
  instance_type: 'it_n1-standard-2',
  region: 'us-central1-a',
  bid: null,
  reservation: RESERVATION_FID,
  ssh_destination: '34.120.1.100',
  private_ip: '10.128.0.5',
  status: 'STATUS_RUNNING',
} as const;

export const VOLUME_FID = 'vol_vol-550e84-a1b2c3d4';

export const FLEET_VOLUME = {
  fid: VOLUME_FID,
  name: 'checkpoints',
  region: 'us-central1-a',
  created_at: '2024-01-01T00:00:00Z',
  deleted_at: null,
  capacity_gb: 100,
  project: PROJECT_FID,
  interface: 'Block',
  bids: [],
  reservations: [],
  attachments: {},
} as const;

export const FLEET_API_KEY = {
  fid: 'apikey_abc123def456gh78',
  name: 'laptop',
  created_at: '2024-01-01T00:00:00Z',
  expires_at: '2034-01-01T00:00:00Z',
  deactivated_at: null,
  snippet: 'fkey_abc1...',
} as const;
