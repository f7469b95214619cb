import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';

const ROOT = fileURLToPath(new URL('../../.cache/log-receivers', import.meta.url));
const PROGRAM = fileURLToPath(new URL('log-sending-program.ts', import.meta.url));

/** Why rsyslog and journald cannot run here. False where they can. In CI they must. */
export function lacksReceivers(): string | false {
  if (existsSync(ROOT)) return false;
  const why = 'no rsyslog and journald: npm run setup could not download them';
  if (process.env['CI'] !== undefined) throw new Error(why);
  return why;
}

/** A mount namespace with a `/run` of its own, in which a receiver runs as in a root of its own. */
export interface ReceiverRoom extends AsyncDisposable {
  /** Runs a program of the receiver's root. Returns its standard output. */
  inside(args: readonly string[]): Promise<string>;
  /** Returns a file of the namespace's `/run`. */
  read(name: string): Promise<string>;
  /** Sends lines from within the namespace. */
  send(asked: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
    readonly attributes: Readonly<Record<string, string>>;
    readonly lines: readonly string[];
  }): Promise<void>;
}

/** Starts a receiver. `files` are made in `/run` before. */
export function openReceiverRoom(
  receiver: readonly string[],
  files: Readonly<Record<string, string>> = {},
): ReceiverRoom {
  const script = [
    'mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal && mount --rbind /run "$R/run"',
    'mount --rbind /dev "$R/dev" && mount --rbind /sys "$R/sys" && mount --rbind /proc "$R/proc"',
    ...Object.entries(files).map(([name, text]) => `cat > /run/${name} <<'END'\n${text}\nEND`),
    'exec chroot "$R" "$@"',
  ].join('\n');
  const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...receiver], {
    env: { ...process.env, R: ROOT },
    stdio: 'ignore',
  });
  const enter = async (args: readonly string[], input?: string): Promise<string> => {
    const options = input === undefined ? {} : { input };
    const { code, stdout, stderr } = await command('nsenter', ['-t', String(child.pid), '-m', ...args], options);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  return {
    inside: (args) => enter(['chroot', ROOT, ...args]),
    read: (name) => enter(['cat', `/run/${name}`]),
    send: async (asked) => void (await enter([process.execPath, PROGRAM], JSON.stringify(asked))),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
