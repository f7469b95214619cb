import { parseCsv } from './csv.ts';

/** One `--network`: a name, or `name=NET,alias=A,ip=...`. */
export interface NetworkAttachment {
  target: string;
  aliases: string[];
  driverOptions: Record<string, string>;
  links: string[];
  linkLocalIps: string[];
  ipv4: string;
  ipv6: string;
  macAddress: string;
  gatewayPriority: number;
}

export function emptyAttachment(target: string): NetworkAttachment {
  return {
    target,
    aliases: [],
    driverOptions: {},
    links: [],
    linkLocalIps: [],
    ipv4: '',
    ipv6: '',
    macAddress: '',
    gatewayPriority: 0,
  };
}

/** @throws Error in docker's words */
export function parseNetworkAttachment(value: string): NetworkAttachment {
  const attachment = emptyAttachment('');
  if (!value.includes('=')) {
    attachment.target = value;
    return attachment;
  }
  for (const field of parseCsv(value)) {
    const equals = field.indexOf('=');
    if (equals === -1) throw new Error(`invalid field ${field}`);
    const key = field.slice(0, equals).trim().toLowerCase();
    const text = field.slice(equals + 1).trim();
    switch (key) {
      case 'name':
        attachment.target = text;
        break;
      case 'alias':
        attachment.aliases.push(text);
        break;
      case 'ip':
        attachment.ipv4 = text;
        break;
      case 'ip6':
        attachment.ipv6 = text;
        break;
      case 'mac-address':
        attachment.macAddress = checkMac(text);
        break;
      case 'link-local-ip':
        attachment.linkLocalIps.push(text);
        break;
      case 'driver-opt': {
        const [name, option] = splitOption(text);
        attachment.driverOptions[name] = option;
        break;
      }
      case 'gw-priority':
        if (!/^-?\d+$/.test(text)) throw new Error(`invalid gw-priority (${text}): value must be an integer`);
        attachment.gatewayPriority = Number(text);
        break;
      default:
        throw new Error(`invalid field key ${key}`);
    }
  }
  if (attachment.target === '') throw new Error('network name/id is not specified');
  return attachment;
}

function splitOption(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new Error('invalid key value pair format in driver options');
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** @throws Error */
export function checkMac(text: string): string {
  const valid =
    /^(?:[0-9a-fA-F]{2}([:-]))(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}$|^(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}$/.test(
      text,
    );
  if (!valid) throw new Error(`${text} is not a valid mac address`);
  return text;
}
