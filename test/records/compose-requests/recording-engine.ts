import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

type Fields = Readonly<Record<string, unknown>>;

/** A request by which a client makes something. */
export interface MadeRequest {
  /** `POST /containers/create?name=web-1`, without the version of the API. */
  readonly line: string;
  readonly body: Buffer;
}

/**
 * A stand-in for an engine that records what a client creates, and runs nothing. Every image is there, every container that is
 * started runs and is healthy at once, and one whose command is `true` has ended with 0. Ids are made of names: they are the same in
 * each run.
 */
export interface RecordingEngine extends AsyncDisposable {
  /** `unix:///path`. */
  readonly host: string;
  readonly requests: readonly MadeRequest[];
  /** How many containers were being created at the same time, at most. */
  readonly mostAtOnce: () => number;
}

/** The id that the stand-in gives to an image, a container, a network or an exec. */
export function idOf(kind: string, name: string): string {
  return createHash('sha256').update(`${kind} ${name}`).digest('hex');
}

/** `createMilliseconds` is how long the creation of a container takes. */
export async function recordingEngine({ createMilliseconds = 0 } = {}): Promise<RecordingEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-recording-'));
  const socket = join(folder, 'engine.sock');
  const state = new RecordedState(createMilliseconds);
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ message: String(error) }));
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (connection) => sockets.add(connection.on('close', () => sockets.delete(connection))));
  // A command in a container: it writes nothing.
  server.on('upgrade', (_request, stream) =>
    stream.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'),
  );
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    requests: state.requests,
    mostAtOnce: () => state.mostAtOnce,
    async [Symbol.asyncDispose]() {
      for (const connection of sockets) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface RecordedContainer {
  readonly id: string;
  readonly name: string;
  readonly body: Fields;
  readonly isStarted: boolean;
}

/** What was there before any project. */
const [OUTER_NETWORK, OUTER_VOLUME] = ['outer-net', 'outer'] as const;

class RecordedState {
  readonly createMilliseconds: number;
  readonly requests: MadeRequest[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  readonly containers = new Map<string, RecordedContainer>();
  readonly networks = new Map<string, Fields>();
  readonly volumes = new Map<string, Fields>();

  constructor(createMilliseconds: number) {
    this.createMilliseconds = createMilliseconds;
  }

  container(reference: string): RecordedContainer | undefined {
    return [...this.containers.values()].find(({ id, name }) => id === reference || name === reference);
  }
}

const IMAGE_FACTS = { Os: 'linux', Architecture: 'amd64', Config: {}, RepoTags: [], Created: '2026-01-01T00:00:00Z' };
const FACTS: Readonly<Record<string, unknown>> = {
  '/version': { Version: '28.5.2', ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux', Arch: 'amd64' },
  '/info': { OSType: 'linux', Architecture: 'x86_64', ServerVersion: '28.5.2', Swarm: { LocalNodeState: 'inactive' } },
};

async function answer(state: RecordedState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const path = decodeURIComponent(url.pathname.replace(/^\/v1\.\d+/, ''));
  const body = await buffer(request);
  const send = (value: unknown, status = 200): void => {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Api-Version': '1.51', Ostype: 'linux' });
    response.end(value === undefined ? '' : JSON.stringify(value));
  };
  const [, , reference = '', verb = ''] = path.split('/');
  if (request.method === 'GET' || request.method === 'HEAD') {
    if (path === '/_ping') return send('OK');
    if (path === '/events') return void response.writeHead(200).flushHeaders();
    const found = FACTS[path] ?? read(state, path, url.searchParams);
    return found === undefined ? send({ message: `No such thing: ${path}` }, 404) : send(found);
  }
  if (/\/create$|\/connect$|\/exec$|\/archive$/.test(path))
    state.requests.push({ line: `${request.method} ${path}${url.search}`, body });
  if (path === '/containers/create') await takeTime(state);
  if (path.endsWith('/create')) return send(create(state, path, url.searchParams.get('name') ?? '', body), 201);
  if (verb === 'exec') return send({ Id: idOf('exec', reference) }, 201);
  if (path.startsWith('/exec/')) return send({});
  const container = state.container(reference);
  if (request.method === 'DELETE' && path.startsWith('/containers/')) state.containers.delete(container?.id ?? '');
  else if (container !== undefined && (verb === 'start' || verb === 'stop'))
    state.containers.set(container.id, { ...container, isStarted: verb === 'start' });
  send(undefined, 204);
}

/** Counts the requests that come meanwhile. */
async function takeTime(state: RecordedState): Promise<void> {
  state.atOnce++;
  state.mostAtOnce = Math.max(state.mostAtOnce, state.atOnce);
  await setTimeout(state.createMilliseconds);
  state.atOnce--;
}

function create(state: RecordedState, path: string, query: string, body: Buffer): unknown {
  const given = JSON.parse(body.toString()) as Fields;
  const name = query === '' ? String(given['Name']) : query;
  if (path === '/volumes/create') {
    state.volumes.set(name, given);
    return { ...given, Name: name };
  }
  const id = idOf(path.includes('networks') ? 'network' : 'container', name);
  if (path === '/networks/create') state.networks.set(id, { ...given, Id: id });
  else state.containers.set(id, { id, name, body: given, isStarted: false });
  return { Id: id, Warnings: [] };
}

function read(state: RecordedState, path: string, query: URLSearchParams): unknown {
  const [, kind, ...rest] = path.split('/');
  const reference = rest[0] ?? '';
  switch (kind) {
    case 'images':
      if (path === '/images/json') return [];
      return { ...IMAGE_FACTS, Id: `sha256:${idOf('image', rest.slice(0, -1).join('/'))}` };
    case 'containers': {
      if (reference === 'json') return listed([...state.containers.values()], query).map(summary);
      const container = state.container(reference);
      return container === undefined ? undefined : inspected(container);
    }
    case 'networks': {
      const all = [...state.networks.values()];
      all.push({ Id: idOf('network', OUTER_NETWORK), Name: OUTER_NETWORK, Driver: 'bridge' });
      if (reference === '')
        return listed(
          all.map((body) => ({ body, name: String(body['Name']) })),
          query,
        ).map(({ body }) => body);
      return all.find(({ Id, Name }) => Id === reference || Name === reference);
    }
    case 'volumes':
      if (reference === '') return { Volumes: [...state.volumes.values(), { Name: OUTER_VOLUME }] };
      return reference === OUTER_VOLUME ? { Name: OUTER_VOLUME } : state.volumes.get(reference);
    case 'exec':
      return { ID: reference, Running: false, ExitCode: 0 };
    default:
      return undefined;
  }
}

/** Those that the filters `label` and `name` choose. */
function listed<T extends { readonly name: string; readonly body: Fields }>(
  all: readonly T[],
  query: URLSearchParams,
): readonly T[] {
  const filters = JSON.parse(query.get('filters') ?? '{}') as Readonly<Record<string, object>>;
  const words = (key: string): readonly string[] => {
    const given = filters[key] ?? {};
    return Array.isArray(given) ? given : Object.keys(given);
  };
  return all.filter(({ name, body }) => {
    const labels = (body['Labels'] ?? {}) as Readonly<Record<string, string>>;
    const has = (word: string): boolean => {
      const [key = '', value] = word.split('=');
      return key in labels && (value === undefined || labels[key] === value);
    };
    const names = words('name');
    return words('label').every(has) && (names.length === 0 || names.some((each) => name.includes(each)));
  });
}

function stateOf({ body, isStarted }: RecordedContainer): Fields {
  const hasEnded = isStarted && JSON.stringify(body['Cmd']) === '["true"]';
  const Status = hasEnded ? 'exited' : isStarted ? 'running' : 'created';
  return { Status, Running: Status === 'running', ExitCode: 0, Health: { Status: 'healthy' } };
}

function settingsOf({ body }: RecordedContainer): Fields {
  const given = (body['NetworkingConfig'] as { readonly EndpointsConfig?: Fields } | undefined)?.EndpointsConfig ?? {};
  const entries = Object.keys(given).map((name) => [name, { NetworkID: idOf('network', name) }] as const);
  return { Networks: Object.fromEntries(entries) };
}

function summary(container: RecordedContainer): Fields {
  const { id, name, body } = container;
  const { Status } = stateOf(container);
  const names = { Id: id, Names: [`/${name}`], Image: body['Image'], ImageID: '', Labels: body['Labels'] };
  return { ...names, State: Status, Status, Created: 0, Mounts: [], NetworkSettings: settingsOf(container) };
}

function inspected(container: RecordedContainer): Fields {
  const { id, name, body } = container;
  const { HostConfig, NetworkingConfig: _, ...Config } = body;
  const parts = { Config, HostConfig, Mounts: [], NetworkSettings: settingsOf(container) };
  return { Id: id, Name: `/${name}`, Image: '', State: stateOf(container), ...parts };
}
