import type { ReasonEntry } from './reason-entry.ts';

/** Reasons that concern instances and what they are made from. */
export const INSTANCE_REASONS = {
  instance_not_found: {
    kind: 'not_found',
    title: 'There is no such instance',
    meaning: 'The instance does not exist, was deleted, or is not visible to any of your groups; these get one answer.',
    remedy: 'List your instances. The history of a deleted one stays readable under its id.',
    repeat: 'no',
  },
  operation_not_found: {
    kind: 'not_found',
    title: 'There is no such operation',
    meaning: 'The operation does not exist, or its instance is not visible to any of your groups.',
    remedy: 'Take the id of the header x-operation-id, or read the instance.',
    repeat: 'no',
  },
  no_instances: {
    kind: 'not_found',
    title: 'You have no instances',
    meaning: 'The list is empty. The compute family answers an empty list of instances so.',
    remedy: 'Create an instance.',
    repeat: 'after_change',
  },
  template_not_found: {
    kind: 'not_found',
    title: 'There is no such template',
    meaning: 'The catalogue has no template of this id. The answer names those that are written nearly so.',
    remedy: 'GET /api/compute/v1/templates lists all templates.',
    repeat: 'no',
  },
  config_not_found: {
    kind: 'not_found',
    title: 'There is no such network configuration',
    meaning:
      'The catalogue has no network configuration of this id. The answer names those that are written nearly so.',
    remedy: 'GET /api/compute/v1/configs lists all network configurations.',
    repeat: 'no',
  },
  project_not_found: {
    kind: 'not_found',
    title: 'There is no such project',
    meaning: 'The project does not exist, or you do not belong to it. The answer names your projects.',
    remedy: 'GET /v2/projects lists your projects.',
    repeat: 'no',
  },
  spec_not_possible: {
    kind: 'unprocessable',
    title: 'The spec cannot be honoured',
    meaning:
      'The spec names what the catalogue does not hold, or a machine that cannot be. The answer lists every problem, with the nearest names there are.',
    remedy: 'GET /v1/server-types, /v1/images, /v1/vpcs, /v1/subnets and /v1/security-groups list what there is.',
    repeat: 'no',
  },
  quota_exceeded: {
    kind: 'quota_exceeded',
    title: 'The quota of instances is used up',
    meaning: 'Your customer has as many instances as its tier allows; stopped ones count too.',
    remedy: 'Delete an instance, or ask your administrator for a larger quota.',
    repeat: 'after_change',
  },
  no_groups: {
    kind: 'forbidden',
    title: 'You belong to no group',
    meaning: 'Instances are visible to the groups of their creator, so that yours would be visible to nobody.',
    remedy: 'Ask your administrator to put you into a group.',
    repeat: 'after_change',
  },
  wrong_state: {
    kind: 'conflict',
    title: 'The instance is not in a state for this',
    meaning:
      'What was asked does not fit the status that the instance has, or will have after what was accepted before.',
    remedy: 'Read the instance; start it before a restart or reset, for example.',
    repeat: 'after_change',
  },
  local_ssd_would_be_lost: {
    kind: 'conflict',
    title: 'A stop would lose the data on Local SSD',
    meaning:
      'The instance has Local SSD, whose data ends with a stop, and what the instance was made from does not allow that.',
    remedy: 'Reset or delete the instance, or ask the platform’s operators to allow it.',
    repeat: 'no',
  },
  too_many_operations: {
    kind: 'conflict',
    title: 'Too many operations wait on this instance',
    meaning: 'The instance has as many accepted operations that have not ended as may wait.',
    remedy: 'Wait until some have ended, then ask again.',
    repeat: 'later',
  },
  instance_not_ready: {
    kind: 'conflict',
    title: 'An instance is still being created or deleted',
    meaning: 'One instance of the batch is still being created or deleted; nothing was done to any.',
    remedy: 'Wait until it is ready, or leave it out.',
    repeat: 'later',
  },
  spot_instance: {
    kind: 'not_implemented',
    title: 'Instances of a spot bid are not started and paused one by one',
    meaning: 'One instance of the batch belongs to a spot bid; nothing was done to any.',
    remedy: 'Pause or resume the bid.',
    repeat: 'no',
  },
  ssh_key_not_found: {
    kind: 'not_found',
    title: 'There is no such SSH key',
    meaning: 'The key does not exist, or belongs to a project that you may not use; these get one answer.',
    remedy: 'List the SSH keys of the project.',
    repeat: 'no',
  },
  unknown_ssh_key: {
    kind: 'invalid_request',
    title: 'The request names an SSH key that you cannot use',
    meaning: 'An id of ssh_key_ids belongs to no key that you may use. The answer names which.',
    remedy: 'GET /api/compute/v1/ssh-keys lists your keys; POST there adds one.',
    repeat: 'no',
  },
  invalid_public_key: {
    kind: 'invalid_request',
    title: 'This is not a public SSH key',
    meaning:
      'The text is not one line of an OpenSSH public key of a kind that is taken. The answer says what is wrong.',
    remedy: 'Send the content of a .pub file: ed25519, ecdsa, rsa of at least 2048 bits, or a security key.',
    repeat: 'no',
  },
  too_many_ssh_keys: {
    kind: 'quota_exceeded',
    title: 'The project has the most SSH keys that are allowed',
    meaning: 'A project may have a bounded number of SSH keys, and this one has them all.',
    remedy: 'Delete a key that nobody uses.',
    repeat: 'after_change',
  },
  ssh_key_in_use: {
    kind: 'conflict',
    title: 'The SSH key is in use',
    meaning: 'A live bid or reservation carries the key. The answer names who.',
    remedy: 'Wait until it has ended, or take the key out of it.',
    repeat: 'after_change',
  },
  template_not_possible: {
    kind: 'internal',
    title: 'The template is not set up right',
    meaning: 'The disk of the template is smaller than its image, so no instance can be made from the template.',
    remedy: 'Tell the platform’s operators, or choose another template.',
    repeat: 'no',
  },
  default_network_missing: {
    kind: 'internal',
    title: 'The default network is not set up',
    meaning: 'The catalogue has no configuration default-network, which this request needs.',
    remedy: "Tell the platform's operators.",
    repeat: 'after_change',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
