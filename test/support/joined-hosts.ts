import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';

/** A host of its own, as far as the network goes. */
export interface JoinedHost {
  readonly address: string;
  /** Program and arguments with which another program runs on it. */
  readonly enter: readonly [string, ...string[]];
}

/** Two network namespaces with an interface `eth0` each, which are joined. */
export interface JoinedHosts extends AsyncDisposable {
  readonly a: JoinedHost;
  readonly b: JoinedHost;
}

/** Makes two hosts, 192.0.2.1 and 192.0.2.2. What ran there has to have ended before they are removed. */
export async function joinedHosts(): Promise<JoinedHosts> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-hosts-'));
  const host = (name: string, address: string): JoinedHost & { readonly path: string } => {
    const path = join(folder, name);
    return { path, address, enter: ['nsenter', `--net=${path}`] };
  };
  const [a, b] = [host('a', '192.0.2.1'), host('b', '192.0.2.2')];
  for (const { path } of [a, b]) {
    writeFileSync(path, '');
    await run('unshare', `--net=${path}`, 'true');
  }
  const ip = ({ enter }: JoinedHost, ...args: string[]): Promise<void> => run(...enter, 'ip', ...args);
  await ip(a, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', b.path);
  for (const each of [a, b]) {
    await ip(each, 'link', 'set', 'lo', 'up');
    await ip(each, 'address', 'add', `${each.address}/24`, 'dev', 'eth0');
    await ip(each, 'link', 'set', 'eth0', 'up');
  }
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      for (const { path } of [a, b]) {
        await run('umount', path);
        rmSync(path);
      }
      rmdirSync(folder);
    },
  };
}

async function run(file: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await command(file, args);
  assert.equal(code, 0, `${file} ${args.join(' ')}: ${stderr}`);
}
