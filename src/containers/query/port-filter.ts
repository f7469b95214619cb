import { invalid } from '../../base/errors.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/**
 * Parses a value of the filters `publish` and `expose`: `80`, `80/udp`, `80-90/tcp`. @throws EngineError invalid in
 * dockerd's words
 */
export function parsePortRange(filter: 'publish' | 'expose', value: string): PortRange {
  const refuse = (why: string): Error => invalid(`error while looking up for ${filter} ${value}: ${why}`);
  const [ports = '', protocol = ''] = value.split('/');
  if (ports === '') throw refuse('Empty string specified for ports.');
  const [first = 0, last = first] = ports.split('-', 2).map((text) => {
    const quoted = `strconv.ParseUint: parsing ${JSON.stringify(text)}`;
    if (!/^\d+$/.test(text)) throw refuse(`${quoted}: invalid syntax`);
    if (Number(text) > 65_535) throw refuse(`${quoted}: value out of range`);
    return Number(text);
  });
  if (last < first) throw refuse(`Invalid range specified for the Port: ${ports}`);
  return { first, last, protocol: protocol === '' ? 'tcp' : protocol.toLowerCase() };
}

export function isInRange(port: number | undefined, protocol: string, range: PortRange): boolean {
  return port !== undefined && range.protocol === protocol && range.first <= port && port <= range.last;
}
