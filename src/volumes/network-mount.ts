import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { internal } from '../base/errors.ts';
import { programUrl } from '../base/program-url.ts';
import { type MountRequest, SyscallError } from '../linux/index.ts';
import type { NetworkMountAnswer, NetworkMountJob } from './network-mount-job.ts';

/** File systems whose mount and unmount wait for a server. */
const NETWORK_TYPES: ReadonlySet<string> = new Set([
  '9p',
  'afs',
  'ceph',
  'cifs',
  'gfs2',
  'lustre',
  'nfs',
  'nfs4',
  'ocfs2',
  'orangefs',
  'smb3',
]);
/** Timeout for a server. The kernel itself would wait for several minutes. */
const DEADLINE_MS = 90_000;
const ETIMEDOUT = 110;

export function isNetworkType(type: string): boolean {
  return NETWORK_TYPES.has(type);
}

export interface MountProcess {
  /** Program and arguments. Tests replace it. */
  readonly command: readonly string[];
}

/**
 * Calls mount(2) in a separate process, which can be killed. A thread that waits for a server cannot be killed, and Node
 * has four threads for all file system calls. A host name in the option `addr` is resolved.
 * @throws {SyscallError} ETIMEDOUT when the server does not respond in time
 */
export async function mountNetwork(request: MountRequest, process = mountProcess()): Promise<void> {
  await run(process, { kind: 'mount', request }, request.target);
}

/** Detaches every mount at the target, in a separate process: the kernel first sends unwritten data to the server. */
export async function detachNetwork(target: string, process = mountProcess()): Promise<void> {
  await run(process, { kind: 'detach', target }, target);
}

async function run({ command }: MountProcess, job: NetworkMountJob, target: string): Promise<void> {
  const answer = await ask(command, job);
  if (answer === undefined) throw new SyscallError(job.kind, ETIMEDOUT, target);
  if (answer.ok) return;
  if (answer.errno !== undefined) throw new SyscallError(job.kind, answer.errno, target);
  throw new Error(answer.message);
}

/** Returns undefined after the deadline. It does not wait for the killed process, which may be stuck in the kernel. */
function ask(
  [program = '', ...args]: readonly string[],
  job: NetworkMountJob,
): Promise<NetworkMountAnswer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<NetworkMountAnswer | undefined>();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/' });
  const deadline = setTimeout(() => {
    child.kill('SIGKILL');
    child.unref();
    for (const stream of child.stdio) stream?.destroy();
    resolve(undefined);
  }, DEADLINE_MS);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (output[name] += String(chunk)));
  child.on('error', reject);
  child.on('close', () => {
    try {
      resolve(JSON.parse(output.stdout) as NetworkMountAnswer);
    } catch (error) {
      reject(internal(`the process that mounts network file systems failed: ${output.stderr.trim()}`, error));
    }
  });
  child.stdin.on('error', () => {}); // The process has ended: `close` follows.
  child.stdin.end(JSON.stringify(job));
  return promise.finally(() => clearTimeout(deadline));
}

/** Runs with the same Node. */
function mountProcess(): MountProcess {
  const program = programUrl(import.meta.url, { source: 'network-mount-process.ts', bundle: 'network-mount.js' });
  const flags = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];
  return { command: [process.execPath, ...flags, fileURLToPath(program)] };
}
