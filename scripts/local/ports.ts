import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * A port that nothing listens on: the wanted one if it is free, otherwise any. It is free now; whoever needs certainty
 * listens at once.
 */
export function freePort(wanted = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error) => {
      if (wanted === 0) reject(error);
      else resolve(freePort());
    });
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Whether something listens on the port. */
export function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const settle = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}

/** The port of `host:port` or of a URL. */
export function portOf(address: string | undefined): number | undefined {
  const digits = /:(\d+)\/?$/.exec(address ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
