import { invalidArgument } from './status-error.ts';

/** Source: https://docs.cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
const RESOURCE_ID = /^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;

/** The topic that a subscription shows once its topic is deleted. */
export const DELETED_TOPIC = '_deleted-topic_';

export interface ResourceName {
  readonly project: string;
  readonly id: string;
}

/** Parses `projects/P/COLLECTION/ID`; throws INVALID_ARGUMENT for an invalid name. */
export function parseResourceName(name: string, collection: 'topics' | 'subscriptions'): ResourceName {
  const [projects, project, kind, id, ...rest] = name.split('/');
  const valid =
    projects === 'projects' && project !== undefined && project !== '' && kind === collection && rest.length === 0;
  if (!valid || id === undefined || !RESOURCE_ID.test(id) || id.startsWith('goog')) {
    throw invalidArgument(`Invalid [${collection}] name: (name=${name})`);
  }
  return { project, id };
}

/** Returns the project's id from `projects/P`. */
export function parseProjectName(name: string): string {
  const [projects, project, ...rest] = name.split('/');
  if (projects !== 'projects' || project === undefined || project === '' || rest.length > 0) {
    throw invalidArgument(`Invalid [projects] name: (name=${name})`);
  }
  return project;
}
