import type { Contract } from '../contract.ts';
import { apiKeysCreate } from './api-keys-create.ts';
import { apiKeysDelete } from './api-keys-delete.ts';
import { apiKeysList } from './api-keys-list.ts';
import { availabilityList } from './availability-list.ts';
import { imageVersionsList } from './image-versions-list.ts';
import { instanceTypesList } from './instance-types-list.ts';
import { me } from './me.ts';
import { pricesCurrent } from './prices-current.ts';
import { pricesHistory } from './prices-history.ts';
import { projectsList } from './projects-list.ts';
import { quotasList } from './quotas-list.ts';
import { teammates } from './teammates.ts';
import { instancesList } from './instances-list.ts';
import { instancesStatus } from './instances-status.ts';
import { instancesUpdate } from './instances-update.ts';
import { pricingHistory } from './pricing-history.ts';
import { sshKeysCreate } from './ssh-keys-create.ts';
import { sshKeysDelete } from './ssh-keys-delete.ts';
import { sshKeysList } from './ssh-keys-list.ts';
import { sshKeysUpdate } from './ssh-keys-update.ts';
import { reservationsList } from './reservations-list.ts';
import { spotBidsCancel } from './spot-bids-cancel.ts';
import { spotBidsCreate } from './spot-bids-create.ts';
import { spotBidsGet } from './spot-bids-get.ts';
import { spotBidsHistory } from './spot-bids-history.ts';
import { spotBidsList } from './spot-bids-list.ts';
import { spotBidsStatus } from './spot-bids-status.ts';
import { spotBidsUpdate } from './spot-bids-update.ts';
import { statusHistory } from './status-history.ts';
import { volumesCreate } from './volumes-create.ts';
import { volumesDelete } from './volumes-delete.ts';
import { volumesList } from './volumes-list.ts';
import { volumesUpdate } from './volumes-update.ts';

export { fallback } from './fallback.ts';

/** The endpoints of the fleet family, in the order of the documentation. */
export const FLEET_CONTRACTS: readonly Contract[] = [
  instancesList,
  instancesUpdate,
  instancesStatus,
  statusHistory,
  pricingHistory,
  sshKeysCreate,
  sshKeysList,
  sshKeysUpdate,
  sshKeysDelete,
  volumesList,
  volumesCreate,
  volumesUpdate,
  volumesDelete,
  instanceTypesList,
  availabilityList,
  pricesCurrent,
  pricesHistory,
  imageVersionsList,
  me,
  teammates,
  projectsList,
  quotasList,
  apiKeysList,
  apiKeysCreate,
  apiKeysDelete,
  spotBidsCreate,
  spotBidsList,
  spotBidsGet,
  spotBidsUpdate,
  spotBidsCancel,
  spotBidsStatus,
  spotBidsHistory,
  reservationsList,
];
