import { Publisher } from '#shared/pubsub/publisher.ts';
import type { BaseTools } from './base-tools.ts';

/** Opens the Pub/Sub client, for functions that publish operations. */
export function openPublisher({ configuration, log }: Pick<BaseTools, 'configuration' | 'log'>): {
  readonly publisher: Publisher;
} {
  const { project, operationsTopic, emulators } = configuration;
  const publisher = new Publisher({ project, topic: operationsTopic, emulatorHost: emulators.pubsub });
  publisher.connect().catch((thrown: unknown) => log.error('Pub/Sub could not be connected', { cause: thrown }));
  return { publisher };
}
