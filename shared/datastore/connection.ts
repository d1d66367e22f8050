import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';

/**
 * Returns the options of a generated gRPC client: none for Google Cloud, an unencrypted local connection for an
 * emulator.
 */
export function connection(
  emulatorHost: string | undefined,
): { apiEndpoint: string; port: number; sslCreds: ChannelCredentials } | Record<string, never> {
  if (emulatorHost === undefined) return {};
  const [host = '', port = ''] = emulatorHost.split(':');
  return { apiEndpoint: host, port: Number(port), sslCreds: credentials.createInsecure() };
}

/** The part of a generated client that is needed to open its connection. */
interface Connecting {
  initialize(): Promise<object>;
  readonly auth: { getAccessToken(): Promise<unknown> };
}

/**
 * Opens the connection and, except for an emulator, fetches an access token. Otherwise the first request would wait for
 * both; while a function starts there is time for them.
 */
export async function connect(client: Connecting, emulatorHost: string | undefined): Promise<void> {
  const opened = client.initialize().then((stub) => {
    if (stub instanceof Client) stub.getChannel().getConnectivityState(true);
  });
  await Promise.all([opened, emulatorHost === undefined ? client.auth.getAccessToken() : undefined]);
}
