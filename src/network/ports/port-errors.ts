import { EngineError, errnoOf, messageOf } from '../../base/errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EAFNOSUPPORT: 'address family not supported by protocol',
  EMFILE: 'too many open files',
};

/** The error when a container of this engine has the port on `hostAddress`. */
export function portAllocated(hostAddress: string, hostPort: number): EngineError {
  return new EngineError('failed', `Bind for ${hostAddress}:${hostPort} failed: port is already allocated`);
}

/** The error when containers of this engine have every port of a range. */
export function allPortsAllocated(): EngineError {
  return new EngineError('failed', 'all ports are allocated');
}

/**
 * The error when the host refuses `hostPort`, usually because a process has it. `first` and `last` are the requested
 * range.
 */
export function portBindFailed(
  port: {
    readonly hostAddress: string;
    readonly hostPort: number;
    readonly first: number;
    readonly last: number;
    readonly protocol: string;
    readonly target: string;
    readonly port: number;
  },
  cause: unknown,
): EngineError {
  const reason = WORDS[errnoOf(cause) ?? ''] ?? messageOf(cause);
  const { first, last, hostAddress, hostPort, target, protocol } = port;
  const tried = first === last ? '' : ` ${hostPort}`;
  const range = first === last ? `${first}` : `${first}-${last}`;
  const wanted = `${bracketed(hostAddress)}:${first === 0 ? '' : range}`;
  return new EngineError(
    'failed',
    `failed to bind host port${tried} for ${wanted}:${target}:${port.port}/${protocol}: ${reason}`,
    { cause },
  );
}

/** The error when the kernel has no sockets of the protocol. */
export function protocolMissing(hostAddress: string, hostPort: number, cause: unknown): EngineError {
  const listening = `failed to listen on ${bracketed(hostAddress)}:${hostPort}: protocol not supported`;
  return new EngineError('failed', `error starting userland proxy: ${listening}`, { cause });
}

/** Adds Docker's words, whose beginning clients look for. */
export function endpointFailed(name: string, endpointId: string, error: unknown): EngineError {
  return new EngineError(
    'failed',
    `driver failed programming external connectivity on endpoint ${name} (${endpointId}): ${messageOf(error)}`,
    { cause: error },
  );
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
