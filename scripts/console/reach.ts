import { connect } from 'node:net';
import { Failure } from '#shared/domain/failure.ts';

const ANSWER_TIMEOUT_MS = 3000;

/**
 * Checks that a server listens at `host:port`, and throws `unavailable` otherwise. Google's client would retry for ten
 * seconds, which suits a cloud but not a program that was not started.
 */
export async function reach(address: string): Promise<void> {
  const [host = '', port = ''] = address.split(':');
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new Failure('unavailable', `Nobody listens at ${address}.`, { reason: 'datastore_unavailable', cause }));
    };
    if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) {
      throw new Failure('invalid_request', `An emulator's address is host:port; it is ${JSON.stringify(address)}.`);
    }
    const socket = connect({ host, port: Number(port), timeout: ANSWER_TIMEOUT_MS });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', fail);
    socket.once('error', fail);
  });
}
