import type { IncomingHttpHeaders } from 'node:http';
import type { Needs } from '../routes/table.ts';
import { ANYBODY, type Caller } from './caller.ts';

/** Finds out who asks. One implementation per scheme. */
export interface Authentication {
  /** Nobody in particular when there are no credentials. @throws RegistryError UNAUTHORIZED when they are wrong */
  identify(headers: IncomingHttpHeaders): Promise<Caller>;
  /** `WWW-Authenticate` for a request that needs more than it has; undefined where credentials would not help. */
  challenge(needs: Needs | undefined): string | undefined;
  /** Whether the version check asks for credentials: what makes clients send them from then on. */
  readonly required: boolean;
}

export const OPEN: Authentication = {
  identify: () => Promise.resolve(ANYBODY),
  challenge: () => undefined,
  required: false,
};
