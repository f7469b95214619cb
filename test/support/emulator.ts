import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';
import type { EngineOptions } from './engine.ts';

const CACHE = fileURLToPath(new URL('../../.cache/emulator', import.meta.url));
const GANTRYD = fileURLToPath(new URL('../../bin/gantryd', import.meta.url));
/** A static busybox for arm64. */
export const ARM64_BUSYBOX = join(CACHE, 'busybox');

const NULL_STAYS = 'mount --bind /dev/null /dev/null; mount -o remount,bind,ro /dev/null';
const BINFMT = '/proc/sys/fs/binfmt_misc';
const HANDLER = 'qemu-aarch64';
/** The header of an ELF program for arm64, and the bits of it that count. */
const MAGIC = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;

/** Why programs for arm64 cannot be emulated here. False where they can. */
export function lacksEmulator(): string | false {
  if (!existsSync(CACHE)) return 'no emulator of arm64: npm run setup could not download it';
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 7)) return 'handlers of programs in a user namespace need Linux 6.7';
  const isBuilt = /\bbinfmt_misc$/m.test(readFileSync('/proc/filesystems', 'utf8'));
  return isBuilt ? false : 'the kernel has no binfmt_misc';
}

/** A user namespace in which QEMU runs programs for arm64. The host itself cannot run them. */
export interface EmulatedMachine extends AsyncDisposable {
  /** An engine whose containers and steps are in the namespace. */
  readonly engine: Pick<EngineOptions, 'flags' | 'command'>;
  /** Turns the emulator off, and on again. */
  enable(isEnabled: boolean): Promise<void>;
}

/**
 * The kernel finds the handler of a program by the user namespace of the process that executes it. So the engine stays in the host's,
 * and its runtime lets containers join this one, in which users are those of the host. The engine sees the handlers where a
 * host has them.
 */
export async function emulatedMachine(): Promise<EmulatedMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-emulator-'));
  const holder = spawn('unshare', ['--user', '--mount', 'sleep', 'infinity'], { stdio: 'ignore' });
  const pid = holder.pid ?? assert.fail('unshare did not start');
  const inside = async (script: string, ...args: readonly string[]): Promise<string> => {
    const at = ['--target', String(pid), '--user', '--mount'];
    const { code, stdout, stderr } = await command('nsenter', [...at, 'sh', '-ec', script, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await untilSeparate(pid);
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${map}`, '0 0 4294967295');
  await inside(
    `mount -t binfmt_misc none ${BINFMT}; printf %s "$0" >${BINFMT}/register`,
    `:${HANDLER}:M::${MAGIC}:${MASK}:${join(CACHE, HANDLER)}:PF`,
  );
  const handlers = join(folder, 'handlers');
  mkdirSync(handlers);
  const show = async (): Promise<void> =>
    writeFileSync(join(handlers, HANDLER), await inside(`cat ${BINFMT}/${HANDLER}`));
  await show();
  return {
    engine: {
      flags: ['--add-runtime', `emulating=${joiningRuntime(folder, pid)}`, '--default-runtime', 'emulating'],
      // In a user namespace crun binds the host's /dev/null into containers, and makes their users its owners.
      command: [
        'unshare',
        '--mount',
        'sh',
        '-ec',
        `${NULL_STAYS}; mount --bind ${handlers} ${BINFMT}; exec "$0" "$@"`,
        GANTRYD,
      ],
    },
    async enable(isEnabled) {
      await inside(`echo ${isEnabled ? 1 : 0} >${BINFMT}/${HANDLER}`);
      await show();
    },
    async [Symbol.asyncDispose]() {
      const ended = once(holder, 'exit');
      holder.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** A runtime that is crun, with the user namespace of a process. In it `sysfs` can only be bound. */
function joiningRuntime(folder: string, pid: number): string {
  const path = join(folder, 'crun');
  const changes = [
    `s#"namespaces":\\[#&{"type":"user","path":"/proc/${pid}/ns/user"},#`,
    's#"type":"sysfs","source":"sysfs","options":\\[#"type":"bind","source":"/sys","options":["rbind",#',
  ];
  const script = `#!/bin/sh
bundle=
for argument in "$@"; do
  [ "$bundle" = next ] && bundle=$argument
  [ "$argument" = --bundle ] && bundle=next
done
[ -z "$bundle" ] || sed -i ${changes.map((change) => `-e '${change}'`).join(' ')} "$bundle/config.json"
exec crun "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

/** Waits until a process is in a user namespace of its own: before that its maps are those of the host. */
async function untilSeparate(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n') return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('unshare made no namespaces');
}
