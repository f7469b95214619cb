import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

/** `gantry registry serve` as a process, on a free loopback port and a root of its own, which is removed at the end. */
export interface GantryRegistry extends AsyncDisposable {
  readonly root: string;
  /** `127.0.0.1:PORT`, the same after a restart. */
  readonly host: string;
  log(): string;
  pid(): number;
  /** Ends it with SIGKILL and starts it again at the same address. */
  killAndStart(): Promise<void>;
}

export async function gantryRegistry(
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  program = GANTRY,
): Promise<GantryRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-registry-'));
  const root = join(folder, 'root');
  let text = '';
  let child: ChildProcess | undefined;

  const start = async (listen: string): Promise<string> => {
    const started = spawn(program, ['registry', 'serve', '--root', root, '--listen', listen, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    child = started;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    started.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const address = /registry listens" address=(\S+)/.exec(text)?.[1];
      if (address !== undefined) resolve(address);
    });
    started.once('error', reject);
    started.once('exit', () => reject(new Error(`the registry ended: ${text}`)));
    return await promise;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return null;
    const exited = new Promise<number | null>((resolve) => running.once('exit', (code) => resolve(code)));
    running.kill(signal);
    return await exited;
  };

  const host = await start('127.0.0.1:0');
  return {
    root,
    host,
    log: () => text,
    pid: () => child?.pid ?? -1,
    async killAndStart() {
      await end('SIGKILL');
      text = '';
      await start(host);
    },
    async [Symbol.asyncDispose]() {
      const code = await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
      assert.ok(code === 0 || code === null, `the registry ends well, not with ${code}: ${text}`);
    },
  };
}

/** A file of a test, deleted at its end. */
export function temporaryFile(t: { after(fn: () => void): void }, name: string, content = ''): string {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-file-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The memory of a process: lines of /proc/PID/status. */
export function residentKilobytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
