import { ListenError } from '../../runtime/http-server.ts';

/**
 * A hub without identities takes everybody for its trusted local writer, so it may only listen where only
 * this machine can reach it. Throws a ListenError with the way out.
 */
export function requireLoopback(listenAddress: string): void {
  if (isLoopback(listenAddress)) return;
  throw new ListenError(
    `Cannot listen on ${listenAddress}: no identities are configured, so anyone who reaches it could write; ` +
      'add "identities" with a token for each sender to the config file, or listen on 127.0.0.1',
  );
}

function isLoopback(listenAddress: string): boolean {
  const host = /^(?:\[([^\]]+)\]|([^:]*)):\d+$/.exec(listenAddress);
  const name = host?.[1] ?? host?.[2] ?? '';
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}
