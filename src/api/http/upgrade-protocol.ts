import type { IncomingMessage } from 'node:http';
import { EngineError } from '../../base/errors.ts';
import type { BoundRoute } from '../route.ts';
import type { ConnectionKinds } from './connection-kinds.ts';

/** The only value of `Upgrade` on routes with `h2c`. Docker compares it with its case. */
export const H2C = 'h2c';

type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Whether the connection of a request with an `Upgrade` header leaves the parser. Otherwise the header is ignored. */
export function isUpgrade(kinds: ConnectionKinds, { method = '', url = '', headers }: RequestHead): boolean {
  const kind = kinds.of(method, url);
  return kind === 'h2c' ? headers.upgrade === H2C : kind !== 'plain';
}

/** The error of a request for a connection that the client did not ask for as it must. In Docker's words. */
export function wrongUpgrade(route: BoundRoute, { headers: { upgrade } }: RequestHead): EngineError {
  if (route.connection !== 'h2c' || upgrade === H2C) {
    return new EngineError('invalid', 'unable to take the connection over');
  }
  const message = upgrade === undefined ? 'no upgrade proto in request' : `protocol ${upgrade} not supported`;
  return new EngineError(route.wrongUpgrade, message);
}
