import { credentials, type ChannelCredentials } from '@grpc/grpc-js';

/** Options of a generated gRPC client: nothing for Google Cloud, an unencrypted local connection for an emulator. */
export function connection(
  emulatorHost: string | undefined,
): { apiEndpoint: string; port: number; sslCreds: ChannelCredentials } | Record<string, never> {
  if (emulatorHost === undefined) return {};
  const [host = '', port = ''] = emulatorHost.split(':');
  return { apiEndpoint: host, port: Number(port), sslCreds: credentials.createInsecure() };
}
