import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientEnvironment, forgetLogins } from './client-environment.ts';
import { type CommandOptions, type CommandResult, command } from './command.ts';
import { tracesOnHost } from './host.ts';
import { powerCut } from './power-cut.ts';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

/** Subnets from 10.64.0.0/24 to 10.191.255.0/24. */
const SERIALS = 32768;
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
  const { serial, release } = claimSerial();
  const dataRoot = options.dataRoot ?? join(folder, 'data');
  const execRoot = options.execRoot ?? join(folder, 'exec');
  const bridge = `gt${serial}`;
  const socketPath = join(folder, 'api.sock');
  const host = `unix://${socketPath}`;
  const logPath = join(folder, 'gantryd.log');
  const [program, ...programArguments] = options.command ?? [join(ROOT, 'bin/gantryd')];
  let daemon: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const log = openSync(logPath, 'a');
    daemon = spawn(
      program,
      [
        ...programArguments,
        '--data-root',
        dataRoot,
        '--exec-root',
        execRoot,
        '--pidfile',
        join(folder, 'gantryd.pid'),
        '--host',
        host,
        '--bridge-name',
        bridge,
        '--bip',
        `10.${64 + (serial >> 8)}.${serial & 255}.1/24`,
        ...(options.flags ?? []),
      ],
      { stdio: ['ignore', log, log], env: { ...process.env, ...options.env } },
    );
    closeSync(log);
    await ready(daemon, socketPath, logPath);
  };
  const exited = (child: ChildProcess): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : new Promise((resolve) => child.once('exit', (code) => resolve(code)));

  const cli =
    (file: string) =>
    (args: readonly string[], run: CommandOptions = {}): Promise<CommandResult> =>
      command(file, args, { ...run, env: { ...clientEnvironment(folder), DOCKER_HOST: host, ...run.env } });

  const end = async (): Promise<void> => {
    const containers = JSON.parse((await engine.api('GET', '/containers/json?all=1')).body) as readonly {
      readonly Id: string;
    }[];
    await Promise.all(containers.map(({ Id }) => engine.api('DELETE', `/containers/${Id}?force=1&v=1`)));
    const code = await engine.stop();
    assert.equal(code, 0, `gantryd ended with ${code}:\n${engine.log().slice(-4000)}`);
    await waitUntilEmpty(() =>
      tracesOnHost({ dataRoot, execRoot, bridge, containerIds: containers.map(({ Id }) => Id) }),
    );
  };
  const engine: TestEngine = {
    host,
    socketPath,
    dataRoot,
    execRoot,
    bridge,
    start,
    pid: () => daemon?.pid ?? -1,
    docker: cli('docker'),
    gantry: cli(join(ROOT, 'bin/gantry')),
    async ok(name, args, run) {
      const result = await engine[name](args, run);
      assert.equal(result.code, 0, `${name} ${args.join(' ')}: exit ${result.code}\n${result.stderr}${result.stdout}`);
      return result.stdout.replace(/\n$/, '');
    },
    api: (method, path, body) => apiCall(socketPath, method, path, body),
    log: () => readFileSync(logPath, 'utf8'),
    async kill9() {
      daemon?.kill('SIGKILL');
      if (daemon !== undefined) await exited(daemon);
    },
    async stop(signal = 'SIGTERM') {
      daemon?.kill(signal);
      return daemon === undefined ? null : exited(daemon);
    },
    async [Symbol.asyncDispose]() {
      try {
        if (daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null) await end();
        else await powerCut(engine);
      } finally {
        forgetLogins(folder);
        release();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
  try {
    if (options.isStartedLater !== true) await start();
  } catch (error) {
    daemon?.kill('SIGKILL');
    release();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return engine;
}

/**
 * Claims a number that no other engine of a test uses now, in any process or checkout. Bridge and subnet contain it.
 * The claim is a file with our pid. The claim of an ended process is taken over.
 */
function claimSerial(): { readonly serial: number; readonly release: () => void } {
  for (let serial = (process.pid * 8) % SERIALS; ; serial = (serial + 1) % SERIALS) {
    const claim = join(tmpdir(), `gantry-test-serial-${serial}`);
    try {
      writeFileSync(claim, String(process.pid), { flag: 'wx' });
      return { serial, release: () => rmSync(claim, { force: true }) };
    } catch {
      const owner = existsSync(claim) ? readFileSync(claim, 'utf8') : '';
      if (owner !== '' && !existsSync(`/proc/${owner}`)) rmSync(claim, { force: true });
    }
  }
}

/** Fails when `find` still finds something after a while: the kernel cleans up with a delay. */
async function waitUntilEmpty(find: () => Promise<readonly string[]>): Promise<void> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 50 * TIMEOUT_FACTOR; attempt++) {
    left = await find();
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`left on the host:\n${left.join('\n')}`);
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
