import type { IncomingHttpHeaders } from 'node:http';
import { ANYBODY, type Caller } from './caller.ts';
import type { Needs } from './needs.ts';

/** Identifies the caller of a request. Each scheme has an implementation. */
export interface Authentication {
  /**
   * Returns the caller, an anonymous one without credentials. @throws RegistryError UNAUTHORIZED when the credentials
   * are wrong
   */
  identify(headers: IncomingHttpHeaders): Promise<Caller>;
  /**
   * The `WWW-Authenticate` header for a request whose rights do not suffice. Undefined where credentials would not
   * help.
   */
  challenge(needs: Needs | undefined): string | undefined;
  /** Whether the version check requires credentials. Clients then send them with every request. */
  readonly required: boolean;
}

export const OPEN: Authentication = {
  identify: () => Promise.resolve(ANYBODY),
  challenge: () => undefined,
  required: false,
};
