import { EngineError, errnoOf, messageOf } from '../../base/errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EAFNOSUPPORT: 'address family not supported by protocol',
  EMFILE: 'too many open files',
};

/** Another container of this engine has the port. */
export function portAllocated(hostAddress: string, hostPort: number): EngineError {
  return new EngineError(
    'internal',
    `Bind for ${bracketed(hostAddress)}:${hostPort} failed: port is already allocated`,
  );
}

/** The host refused the port: mostly because a process has it. */
export function portBindFailed(
  port: { hostAddress: string; hostPort: number; protocol: string; target: string; port: number },
  cause: unknown,
): EngineError {
  const reason = WORDS[errnoOf(cause) ?? ''] ?? messageOf(cause);
  const host = `${bracketed(port.hostAddress)}:${port.hostPort}`;
  return new EngineError(
    'internal',
    `failed to bind host port for ${host}:${port.target}:${port.port}/${port.protocol}: ${reason}`,
    { cause },
  );
}

/** Docker's words around it; clients look for its start. */
export function endpointFailed(name: string, endpointId: string, error: unknown): EngineError {
  return new EngineError(
    'internal',
    `driver failed programming external connectivity on endpoint ${name} (${endpointId}): ${messageOf(error)}`,
    { cause: error },
  );
}

export function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
