import type { ReasonEntry } from './reason-entry.ts';

/** Reasons that concern volumes and what can be launched with them. */
export const VOLUME_REASONS = {
  volume_not_found: {
    kind: 'not_found',
    title: 'There is no such volume',
    meaning:
      'The volume does not exist, was deleted, or belongs to a project that you may not use; these get one answer.',
    remedy: 'List the volumes of the project.',
    repeat: 'no',
  },
  volume_name_taken: {
    kind: 'conflict',
    title: 'The project has a volume of this name in this region',
    meaning: 'A name is given once in a project and region, because it names the device on the machine.',
    remedy: 'Use the volume that there is, or choose another name.',
    repeat: 'no',
  },
  volume_in_use: {
    kind: 'conflict',
    title: 'A spot bid has the volume',
    meaning: 'A spot bid that has not ended needs the volume. The answer names the bid.',
    remedy: 'Cancel the bid, or take the volume off it.',
    repeat: 'after_change',
  },
  volume_quota_exceeded: {
    kind: 'quota_exceeded',
    title: 'The quota of volumes is used up',
    meaning: 'The volumes of your customer have together as many GB as its tier allows.',
    remedy: 'Delete a volume, ask for a smaller one, or ask your administrator for a larger quota.',
    repeat: 'after_change',
  },
  volume_not_possible: {
    kind: 'unprocessable',
    title: 'Such a volume cannot be had',
    meaning: 'The interface, the region or the size is not offered. The answer names every problem.',
    remedy: 'Ask for a Block volume in a region of the availability list, within the sizes that the answer names.',
    repeat: 'no',
  },
  volume_refused: {
    kind: 'conflict',
    title: 'Compute Engine does not make the disk now',
    meaning:
      'Compute Engine refused the disk of the volume. Nothing came of the request, and nothing counts against a quota.',
    remedy: 'Try another region, or come back later; when it lasts, tell the operators.',
    repeat: 'later',
  },
  volume_region: {
    kind: 'unprocessable',
    title: 'The volume is in another region than the bid',
    meaning: 'A disk can be attached in its own zone only.',
    remedy: 'Place the bid in the region of the volume, or use a volume of the region of the bid.',
    repeat: 'no',
  },
  instance_type_not_found: {
    kind: 'not_found',
    title: 'There is no such instance type',
    meaning: 'No instance type has this id, or none that you can launch in this region; these get one answer.',
    remedy: 'GET /v2/instance-types and GET /v2/spot/availability list what can be launched.',
    repeat: 'no',
  },
  api_key_not_found: {
    kind: 'not_found',
    title: 'There is no such API key',
    meaning: 'The key does not exist, has been deleted, or is not yours; these get one answer.',
    remedy: 'GET /v2/api-keys lists your keys.',
    repeat: 'no',
  },
  too_many_api_keys: {
    kind: 'quota_exceeded',
    title: 'You have the most API keys that are allowed',
    meaning: 'A user may have a bounded number of API keys, deleted ones included, and you have them all.',
    remedy: 'Use a key that you have, or ask your administrator for another user.',
    repeat: 'no',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
