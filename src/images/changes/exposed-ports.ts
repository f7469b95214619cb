import { invalid } from '../../base/errors.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'];

/**
 * Parses `80`, `443/udp`, `8000-8010/tcp`. Of `[ip:]host:container` it takes the container's part. @throws EngineError
 * invalid
 */
export function exposedPorts(specs: readonly string[]): Record<string, object> {
  const ports = new Set<string>();
  for (const spec of specs) {
    const [range = '', protocol = 'tcp', ...more] = spec.slice(spec.lastIndexOf(':') + 1).split('/');
    if (range === '') throw invalid(`no port specified: ${spec}<empty>`);
    if (more.length > 0 || !PROTOCOLS.includes(protocol.toLowerCase())) throw invalid(`Invalid proto: ${protocol}`);
    const [first, last = first] = range.split('-');
    const [low, high] = [portNumber(first), portNumber(last)];
    if (low === undefined || high === undefined || high < low || range.split('-').length > 2) {
      throw invalid(`Invalid containerPort: ${range}`);
    }
    for (let port = low; port <= high; port++) ports.add(`${port}/${protocol.toLowerCase()}`);
  }
  return Object.fromEntries([...ports].map((port) => [port, {}]));
}

function portNumber(text: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : undefined;
}
