import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

export interface DebianRegistry extends AsyncDisposable {
  /** `localhost:PORT`. */
  readonly host: string;
}

/** Starts distribution's own registry (Debian: docker-registry) on a free loopback port, with a folder of its own. */
export async function debianRegistry(options: { readonly htpasswd?: string } = {}): Promise<DebianRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-registry-'));
  const port = await freePort();
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, delete: {enabled: true}}`,
    `http: {addr: "127.0.0.1:${port}"}`,
  ];
  if (options.htpasswd !== undefined) {
    writeFileSync(join(folder, 'htpasswd'), options.htpasswd);
    lines.push(`auth: {htpasswd: {realm: test, path: ${join(folder, 'htpasswd')}}}`);
  }
  writeFileSync(join(folder, 'config.yml'), `${lines.join('\n')}\n`);
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  await answering(child, port);
  return {
    host: `localhost:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    try {
      const { status } = await fetch(`http://127.0.0.1:${port}/v2/`);
      if (status === 200 || status === 401) return;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('docker-registry did not come up');
}
