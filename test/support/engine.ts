import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimBridge } from './claim-bridge.ts';
import { clientEnvironment, forgetLogins } from './client-environment.ts';
import { type CommandOptions, type CommandResult, command } from './command.ts';
import { tracesOnHost, waitUntilEmpty } from './host.ts';
import { powerCut } from './power-cut.ts';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * A real engine of a test, with its own folders, bridge, subnet and socket. At the end it is removed, and leaks are
 * checked.
 */
export interface TestEngine extends AsyncDisposable {
  /** The value of DOCKER_HOST. */
  readonly host: string;
  readonly socketPath: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly bridge: string;
  /** Pid of gantryd. */
  pid(): number;
  /** Runs the real docker CLI with this engine. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Runs our command line with this engine. */
  gantry(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /**
   * As {@link docker} or {@link gantry}. Fails the test with the command's stderr unless it exits with 0. Returns
   * stdout without its last newline.
   */
  ok(cli: 'docker' | 'gantry', args: readonly string[], options?: CommandOptions): Promise<string>;
  /** One API call. */
  api(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: string }>;
  /** Sends SIGKILL to gantryd alone. */
  kill9(): Promise<void>;
  /** Sends a signal, by default SIGTERM, to gantryd and waits for its end. Returns its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Starts gantryd again on the same folders. */
  start(): Promise<void>;
  log(): string;
}

export interface EngineOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Data root. Default: a new folder in the system's temporary folder. */
  readonly dataRoot?: string;
  /** Folder of sockets and mounts. Default: a new folder in the system's temporary folder. */
  readonly execRoot?: string;
  /** Whether the test does the first start itself. Default false. */
  readonly isStartedLater?: boolean;
  /** Program and first arguments of the daemon. Default: `bin/gantryd`. */
  readonly command?: readonly [string, ...string[]];
}

export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-'));
  const { bridge, bip, release } = claimBridge();
  const place: Place = {
    folder,
    dataRoot: options.dataRoot ?? join(folder, 'data'),
    execRoot: options.execRoot ?? join(folder, 'exec'),
    bridge,
    bip,
    socketPath: join(folder, 'api.sock'),
    logPath: join(folder, 'gantryd.log'),
  };
  const daemon = daemonIn(place, options);
  const engine: TestEngine = {
    ...clientsOf(place),
    socketPath: place.socketPath,
    dataRoot: place.dataRoot,
    execRoot: place.execRoot,
    bridge,
    start: daemon.start,
    pid: daemon.pid,
    kill9: async () => void (await daemon.stop('SIGKILL')),
    stop: (signal = 'SIGTERM') => daemon.stop(signal),
    log: () => readFileSync(place.logPath, 'utf8'),
    async [Symbol.asyncDispose]() {
      try {
        if (daemon.isRunning()) await end(engine);
        else await powerCut(engine);
      } finally {
        forgetLogins(folder);
        release();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
  try {
    if (options.isStartedLater !== true) await engine.start();
  } catch (error) {
    daemon.kill();
    release();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return engine;
}

/** The folders, the bridge and the files of one engine. */
interface Place {
  readonly folder: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly bridge: string;
  readonly bip: string;
  readonly socketPath: string;
  readonly logPath: string;
}

interface Daemon {
  start(): Promise<void>;
  pid(): number;
  isRunning(): boolean;
  /** Waits for the end. Returns the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  kill(): void;
}

/** gantryd in its place, before its first start. */
function daemonIn(place: Place, { command: given, flags = [], env }: EngineOptions): Daemon {
  const [program, ...first] = given ?? [join(ROOT, 'bin/gantryd')];
  // A test may change the flags between two starts.
  const args = (): readonly string[] => [
    ...first,
    ...['--data-root', place.dataRoot, '--exec-root', place.execRoot],
    ...['--pidfile', join(place.folder, 'gantryd.pid'), '--host', `unix://${place.socketPath}`],
    ...['--bridge-name', place.bridge, '--bip', place.bip],
    ...flags,
  ];
  let daemon: ChildProcess | undefined;
  const exited = (child: ChildProcess): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  return {
    async start() {
      const log = openSync(place.logPath, 'a');
      daemon = spawn(program, args(), { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
      closeSync(log);
      await ready(daemon, place.socketPath, place.logPath);
    },
    pid: () => daemon?.pid ?? -1,
    isRunning: () => daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null,
    async stop(signal) {
      daemon?.kill(signal);
      return daemon === undefined ? null : exited(daemon);
    },
    kill: () => void daemon?.kill('SIGKILL'),
  };
}

type Clients = Pick<TestEngine, 'host' | 'docker' | 'gantry' | 'ok' | 'api'>;

function clientsOf({ folder, socketPath }: Place): Clients {
  const host = `unix://${socketPath}`;
  const cli =
    (file: string) =>
    (args: readonly string[], run: CommandOptions = {}): Promise<CommandResult> =>
      command(file, args, { ...run, env: { ...clientEnvironment(folder), DOCKER_HOST: host, ...run.env } });
  const clients = { docker: cli('docker'), gantry: cli(join(ROOT, 'bin/gantry')) };
  return {
    host,
    ...clients,
    async ok(name, args, run) {
      const result = await clients[name](args, run);
      assert.equal(result.code, 0, `${name} ${args.join(' ')}: exit ${result.code}\n${result.stderr}${result.stdout}`);
      return result.stdout.replace(/\n$/, '');
    },
    api: (method, path, body) => apiCall(socketPath, method, path, body),
  };
}

/** Removes the containers, stops the engine, and fails when it leaves something on the host. */
async function end(engine: TestEngine): Promise<void> {
  const containers = JSON.parse((await engine.api('GET', '/containers/json?all=1')).body) as readonly {
    readonly Id: string;
  }[];
  await Promise.all(containers.map(({ Id }) => engine.api('DELETE', `/containers/${Id}?force=1&v=1`)));
  const code = await engine.stop();
  assert.equal(code, 0, `gantryd ended with ${code}:\n${engine.log().slice(-4000)}`);
  const warned = engine
    .log()
    .split('\n')
    .filter((line) => /^\(node:\d+\)/.test(line));
  assert.deepEqual(warned, [], 'Node warned of a mistake of ours');
  const { dataRoot, execRoot, bridge } = engine;
  const containerIds = containers.map(({ Id }) => Id);
  await waitUntilEmpty(() => tracesOnHost({ dataRoot, execRoot, bridge, containerIds }));
}

async function ready(daemon: ChildProcess, socketPath: string, logPath: string): Promise<void> {
  for (let attempt = 0; attempt < 380 * TIMEOUT_FACTOR; attempt++) {
    if (daemon.exitCode !== null || daemon.signalCode !== null) break;
    if (existsSync(socketPath)) {
      try {
        if ((await apiCall(socketPath, 'GET', '/_ping')).status === 200) return;
      } catch {
        // It does not listen yet, or this is the socket of a killed predecessor.
      }
    }
    // A start takes 300 ms: with a hundred restarts the difference matters.
    await new Promise((resolve) => setTimeout(resolve, attempt < 100 ? 10 : 50));
  }
  throw new Error(`gantryd did not come up:\n${readFileSync(logPath, 'utf8').slice(-4000)}`);
}

/** Makes one request over a unix socket and reads the whole response. */
export function apiCall(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: string }> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        method,
        path,
        agent: false,
        headers:
          payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}
