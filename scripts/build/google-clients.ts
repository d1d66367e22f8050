import type { Transport } from './message-codecs.ts';

/**
 * The parts of Google's packages that functions may use. A bundle contains exactly these classes and, of their
 * services' descriptors, exactly these methods. Using anything else fails with a message that names this file.
 */
export interface GoogleClient {
  /** Class name, as the package exports it. */
  readonly className: string;
  /** The generated module, relative to the package that holds it. */
  readonly module: string;
  /** Fully qualified name of the gRPC service. */
  readonly service: string;
  /** Methods of the service that the project's adapters call, as written in the .proto file. */
  readonly methods: readonly string[];
}

export interface GooglePackage {
  /** Short name, as listed under `clients` in infra/generated/functions.json. */
  readonly name: 'datastore' | 'pubsub' | 'compute';
  /** The import specifier in the project's sources. */
  readonly specifier: string;
  /** The package that holds the generated clients and their descriptor. */
  readonly generated: string;
  /** Whether the package exports the clients under `v1` or at the top level. */
  readonly under: 'v1' | 'top';
  readonly transport: Transport;
  readonly clients: readonly GoogleClient[];
}

export const GOOGLE_PACKAGES: readonly GooglePackage[] = [
  {
    name: 'datastore',
    specifier: '@google-cloud/datastore',
    generated: '@google-cloud/datastore-api',
    under: 'v1',
    transport: 'grpc',
    clients: [
      {
        className: 'DatastoreClient',
        module: 'build/src/v1/datastore_client.js',
        service: 'google.datastore.v1.Datastore',
        methods: ['Lookup', 'RunQuery', 'RunAggregationQuery', 'Commit'],
      },
    ],
  },
  {
    name: 'pubsub',
    specifier: '@google-cloud/pubsub',
    generated: '@google-cloud/pubsub-api',
    under: 'v1',
    transport: 'grpc',
    clients: [
      {
        className: 'PublisherClient',
        module: 'build/src/v1/publisher_client.js',
        service: 'google.pubsub.v1.Publisher',
        methods: ['Publish'],
      },
    ],
  },
  {
    name: 'compute',
    specifier: '@google-cloud/compute',
    generated: '@google-cloud/compute',
    under: 'top',
    transport: 'rest',
    clients: [
      {
        className: 'InstancesClient',
        module: 'build/src/v1/instances_client.js',
        service: 'google.cloud.compute.v1.Instances',
        methods: [
          'Insert',
          'Get',
          'Delete',
          'List',
          'AggregatedList',
          'Start',
          'Stop',
          'Reset',
          'Resume',
          'AttachDisk',
          'DetachDisk',
          'SetLabels',
          'SetMetadata',
          'SetDeletionProtection',
          'SetMachineType',
          'GetSerialPortOutput',
        ],
      },
      {
        className: 'DisksClient',
        module: 'build/src/v1/disks_client.js',
        service: 'google.cloud.compute.v1.Disks',
        methods: ['Insert', 'Get', 'Delete', 'List', 'AggregatedList'],
      },
      {
        className: 'ZoneOperationsClient',
        module: 'build/src/v1/zone_operations_client.js',
        service: 'google.cloud.compute.v1.ZoneOperations',
        methods: ['Get', 'Wait'],
      },
    ],
  },
];
