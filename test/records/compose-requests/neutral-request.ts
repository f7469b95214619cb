import { extract } from 'tar-stream';
import { idOf, type MadeRequest } from './recording-engine.ts';

/** Labels with the tool's own release, and with what `plan` of Gantry reads. */
const OWN_LABELS = new Set(['com.docker.compose.version', 'gantry.compose.keys']);
/** Fields in which false, 0 or an empty list is something else than none, as in the API of dockerd. */
const TOLD = new Set([
  ...['Init', 'StopTimeout', 'PidsLimit', 'MemorySwappiness', 'EnableIPv4', 'EnableIPv6'],
  ...['Cmd', 'Entrypoint'],
]);
/** Fields that map names of users to values, of which none may go. */
const MAPS = new Set([
  ...['Labels', 'Options', 'DriverOpts', 'Sysctls', 'Annotations', 'ExposedPorts', 'Volumes', 'PortBindings'],
  ...['EndpointsConfig', 'AuxiliaryAddresses', 'StorageOpt', 'Config', 'Tmpfs'],
]);
/** Lists whose order means nothing. docker compose writes them in the random order of Go's maps. */
const UNORDERED = new Set(['Binds', 'Env', 'ExtraHosts', 'Mounts', 'Ulimits', 'Links', 'Devices']);

/** What clients made, one block each, sorted: they make things side by side. Values that say as much as none are left out. */
export async function neutralRequests(requests: readonly MadeRequest[]): Promise<string> {
  const blocks = await Promise.all(
    requests.map(async ({ line, body }) => {
      const [request = '', query = ''] = line.split('?');
      if (request.startsWith('PUT ')) return (await filesOf(body)).map((file) => `${request} ${file}\n`);
      const text = JSON.stringify(sparse(read(body)), undefined, 2);
      return [`${[request, ...query.split('&').sort()].join(' ').trim()}\n${text}\n`];
    }),
  );
  return withNames(blocks.flat().sort().join(''), requests);
}

function read(body: Buffer): unknown {
  return body.length === 0 ? {} : JSON.parse(body.toString());
}

/** A copy with sorted keys, without values that say as much as none. */
function sparse(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sparse(item, key));
    return UNORDERED.has(key) ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => !OWN_LABELS.has(name) && name !== 'ConsoleSize')
    .map(([name, inner]) => [name, name === DEPENDS_ON ? sortedWords(String(inner)) : sparse(inner, name)] as const)
    .filter(([name, inner]) => MAPS.has(key) || (inner !== null && (TOLD.has(name) || !isEmpty(inner))));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const DEPENDS_ON = 'com.docker.compose.depends_on';

function sortedWords(text: string): string {
  return text.split(',').sort().join(',');
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === false || value === 0 || value === '';
}

/** Names of containers and networks in place of the ids that the stand-in gave them. */
function withNames(text: string, requests: readonly MadeRequest[]): string {
  const names = new Map(
    requests.flatMap(({ line, body }) => {
      const name = /containers\/create.*[?&]name=([^&]*)/.exec(line)?.[1];
      if (name !== undefined) return [[idOf('container', name), `<${name}>`] as const];
      if (!line.startsWith('POST /networks/create')) return [];
      const { Name } = JSON.parse(body.toString()) as { readonly Name: string };
      return [[idOf('network', Name), `<network ${Name}>`] as const];
    }),
  );
  return text.replace(/[0-9a-f]{64}/g, (id) => names.get(id) ?? id);
}

/** The files of a tar, a line each. How many tars they are in is left to the tools. */
async function filesOf(archive: Buffer): Promise<readonly string[]> {
  const lines: string[] = [];
  const files = extract();
  files.end(archive);
  for await (const file of files) {
    const content: Buffer[] = [];
    for await (const chunk of file) content.push(chunk as Buffer);
    const { name, mode = 0, uid, gid, type } = file.header;
    const text = JSON.stringify(Buffer.concat(content).toString());
    lines.push(`${type} ${name.replace(/^\/*/, '/')} ${mode.toString(8)} ${uid}:${gid} ${text}`);
  }
  return lines;
}
