import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';

/** Options of a generated gRPC client: nothing for Google Cloud, an unencrypted local connection for an emulator. */
export function connection(
  emulatorHost: string | undefined,
): { apiEndpoint: string; port: number; sslCreds: ChannelCredentials } | Record<string, never> {
  if (emulatorHost === undefined) return {};
  const [host = '', port = ''] = emulatorHost.split(':');
  return { apiEndpoint: host, port: Number(port), sslCreds: credentials.createInsecure() };
}

/** The part of a generated client that knows how to reach its service. */
interface Connecting {
  initialize(): Promise<object>;
  readonly auth: { getAccessToken(): Promise<unknown> };
}

/**
 * Opens the connection and fetches a token (not for an emulator), both of which would otherwise wait for the first call:
 * while a function starts there is time for it.
 */
export async function connect(client: Connecting, emulatorHost: string | undefined): Promise<void> {
  const opened = client.initialize().then((stub) => {
    if (stub instanceof Client) stub.getChannel().getConnectivityState(true);
  });
  await Promise.all([opened, emulatorHost === undefined ? client.auth.getAccessToken() : undefined]);
}
