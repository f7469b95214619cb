import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { conflict, errnoOf, invalid, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { refuseTwoHosts, refuseWebPages } from '../../base/web-pages.ts';
import { createMetrics, createRegistryServer, type Registry, type ServerTls } from '../../registry/index.ts';
import { openAuthentication } from './authentication.ts';
import type { RegistryService } from './config.ts';
import { type ListenAddress, parseListen } from './listen-address.ts';
import { readNamed } from './read-named.ts';

export interface ServedRegistry extends AsyncDisposable {
  /** In the form of a client's address: `127.0.0.1:5000`. */
  readonly address: string;
}

/** Time for requests in progress when the registry stops. */
const DRAIN_MS = 5000;

/** Listens, with the metrics at an address of their own. @throws EngineError conflict, invalid */
export async function serveRegistry(
  registry: Registry,
  config: RegistryService & { readonly listen: ListenAddress },
  logger: Logger,
): Promise<ServedRegistry> {
  await using opened = new AsyncDisposableStack();
  const metrics = createMetrics();
  const server = createRegistryServer(
    {
      registry,
      authentication: openAuthentication(config.auth),
      answered(request) {
        metrics.answered(request);
        logger.debug(request, 'answered');
      },
    },
    { guard: guardOf(config), ...(config.tls === undefined ? {} : { tls: readTls(config.tls) }) },
  );
  const address = await listen(server, config.listen);
  opened.defer(() => close(server));
  if (config.metrics !== undefined) {
    const scraped = createServer((request, response) => {
      const known = request.url === '/metrics';
      response.writeHead(known ? 200 : 404, { 'Content-Type': 'text/plain; version=0.0.4' });
      response.end(known ? metrics.text(registry) : 'not found\n');
    });
    const at = await listen(scraped, parseListen(config.metrics.listen));
    opened.defer(() => close(scraped));
    logger.info({ address: at }, 'metrics are served');
  }
  const kept = opened.move();
  return { address, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Without TLS, requests of web pages are refused. Without accounts too, only names of this machine are accepted. */
function guardOf({
  tls,
  auth,
  hosts = [],
  listen,
}: RegistryService & { readonly listen: ListenAddress }): (request: IncomingMessage) => void {
  if (tls !== undefined) return refuseTwoHosts;
  const ownNames = new Set([...hosts, listen.host, hostname()].map((name) => name.toLowerCase()));
  return (request) => {
    refuseTwoHosts(request);
    refuseWebPages(request, auth === undefined ? ownNames : 'any');
  };
}

function readTls({ cert, key, clientCa }: NonNullable<RegistryService['tls']>): ServerTls {
  return {
    cert: readNamed(cert),
    key: readNamed(key),
    ...(clientCa === undefined ? {} : { clientCa: readNamed(clientCa) }),
  };
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // Without a host it listens on every address of IPv6 and IPv4, or of IPv4 alone where the machine has no IPv6.
  server.listen(host === '::' ? { port } : { host, port }, resolve);
  try {
    await promise;
  } catch (error) {
    if (errnoOf(error) === 'EADDRINUSE') throw conflict(`${host}:${port} is in use by another program`);
    throw invalid(`cannot listen on ${host}:${port}: ${messageOf(error)}`, error);
  }
  server.removeListener('error', reject);
  const { address, family, port: taken } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${taken}` : `${address}:${taken}`;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}
