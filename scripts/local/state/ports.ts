import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/**
 * Returns the port to listen on: the wanted one if it is free, otherwise 0. With 0 the system chooses a port while
 * listening, so no other process can take it in between.
 */
export async function reusablePort(wanted: number | undefined): Promise<number> {
  if (wanted === undefined || wanted === 0) return 0;
  return (await freePort(wanted)) === wanted ? wanted : 0;
}

/**
 * Returns a port that nothing listens on: the wanted one if it is free, otherwise any. Another process may take it at
 * once, so this is only for programs that do not support port 0.
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

/** Returns the port of `host:port` or of a URL. */
export function portOf(address: string | undefined): number | undefined {
  const digits = /:(\d+)\/?$/.exec(address ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
