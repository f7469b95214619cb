import { isObject } from '../base/is-object.ts';
import type {
  EndpointNames,
  Forwarding,
  NameLink,
  NameSockets,
  NamesHello,
  NamesRequest,
  SandboxNames,
} from '../spec/index.ts';
import { isAddress } from './addresses.ts';

/** Parses a client's first line. @throws TypeError */
export function parseHello(value: unknown): NamesHello {
  const fields = object(value, 'hello');
  return { version: count(fields['version'], 'version'), pid: count(fields['pid'], 'pid') };
}

/** The id of what may be a request, to answer it. 0 for others. */
export function requestId(value: unknown): number {
  return isObject(value) && typeof value['id'] === 'number' ? value['id'] : 0;
}

/** Parses every later line. @throws TypeError that names the first field that is wrong */
export function parseRequest(value: unknown): NamesRequest {
  const fields = object(value, 'request');
  const id = count(fields['id'], 'id');
  const op = fields['op'];
  switch (op) {
    case 'put': {
      const names = parseNames(fields['names']);
      return fields['sockets'] === undefined
        ? { id, op, names }
        : { id, op, names, sockets: parseSockets(fields['sockets']) };
    }
    case 'drop':
      return { id, op, sandboxIds: list(fields['sandboxIds'], 'sandboxIds').map((item) => text(item, 'sandboxIds')) };
    case 'shutdown':
      return { id, op };
    default:
      throw new TypeError(`unknown request ${String(op)}`);
  }
}

function parseNames(value: unknown): SandboxNames {
  const fields = object(value, 'names');
  return {
    sandboxId: text(fields['sandboxId'], 'sandboxId'),
    netnsPath: text(fields['netnsPath'], 'netnsPath'),
    endpoints: list(fields['endpoints'], 'endpoints').map(parseEndpoint),
    forward: parseForwarding(fields['forward']),
  };
}

function parseEndpoint(value: unknown): EndpointNames {
  const fields = object(value, 'endpoint');
  return {
    networkId: text(fields['networkId'], 'networkId'),
    network: text(fields['network'], 'network'),
    names: list(fields['names'], 'names').map((item) => text(item, 'names')),
    addresses: list(fields['addresses'], 'addresses').map(address),
    ...(fields['links'] !== undefined && { links: list(fields['links'], 'links').map(parseLink) }),
  };
}

function parseLink(value: unknown): NameLink {
  const fields = object(value, 'link');
  return { alias: text(fields['alias'], 'alias'), name: text(fields['name'], 'name') };
}

/** A server that is not an address is kept, and never asked: the container's other names must work. */
function parseForwarding(value: unknown): Forwarding {
  const fields = object(value, 'forward');
  const { enabled } = fields;
  if (typeof enabled !== 'boolean') throw new TypeError('enabled is not a boolean');
  return { enabled, servers: list(fields['servers'], 'servers').map((item) => text(item, 'servers')) };
}

function parseSockets(value: unknown): NameSockets {
  const fields = object(value, 'sockets');
  return { udp: count(fields['udp'], 'udp'), tcp: count(fields['tcp'], 'tcp') };
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw new TypeError(`${what} is not an object`);
  return value;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${what} is not a list`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${what}: not a text`);
  return value;
}

function address(value: unknown): string {
  const found = text(value, 'addresses');
  if (!isAddress(found)) throw new TypeError(`not an address: ${found}`);
  return found;
}

function count(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new TypeError(`${what} is not a number of 0 or more`);
  }
  return value;
}
