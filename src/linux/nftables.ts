import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import koffi, { type LibraryHandle } from 'koffi';
import { libc } from './libc.ts';

const fcntl = libc.func('int fcntl(int fd, int command, int argument)');
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** The kernel or the parser refused a transaction. `message` is nft's own text. None of its commands took effect. */
export class NftablesError extends Error {
  override readonly name = 'NftablesError';
  /** Whether an object of the commands is missing or exists already, for callers whose commands may be repeated. */
  readonly missing: boolean;
  readonly exists: boolean;

  constructor(text: string) {
    super(`nftables: ${text.trim()}`);
    this.missing = text.includes('No such file or directory');
    this.exists = text.includes('File exists');
  }
}

/**
 * The firewall of the network namespace of the thread that opened it. Blocks while another transaction is being
 * committed. One thread at a time.
 */
export interface Nftables extends Disposable {
  /** The implementation: in this process, or by spawning `nft` for each transaction. */
  readonly kind: 'library' | 'command';
  /** Runs commands of nft(8) as one transaction. Returns their output. @throws NftablesError nothing was changed */
  run(commands: string): string;
}

/** Opens the netfilter project's library, else its command. @throws Error when the machine has neither */
export function openNftables(): Nftables {
  for (const name of ['libnftables.so.1', 'libnftables.so']) {
    let library: LibraryHandle;
    try {
      library = koffi.load(name);
    } catch {
      continue;
    }
    return openLibrary(library);
  }
  return openNftCommand();
}

function openLibrary(library: LibraryHandle): Nftables {
  const contextNew = library.func('void *nft_ctx_new(uint32_t flags)');
  const contextFree = library.func('void nft_ctx_free(void *context)');
  const bufferOutput = library.func('int nft_ctx_buffer_output(void *context)');
  const bufferError = library.func('int nft_ctx_buffer_error(void *context)');
  const outputBuffer = library.func('const char *nft_ctx_get_output_buffer(void *context)');
  const errorBuffer = library.func('const char *nft_ctx_get_error_buffer(void *context)');
  const setOutputFlags = library.func('void nft_ctx_output_set_flags(void *context, unsigned int flags)');
  const runCommands = library.func('int nft_run_cmd_from_buffer(void *context, const char *commands)');

  const openBefore = sockets();
  let context: unknown = contextNew(0);
  if (context === null) throw new Error('nft_ctx_new failed');
  // The library opens its netlink socket without CLOEXEC, so that containers would inherit it.
  for (const [inode, fd] of sockets()) if (!openBefore.has(inode)) fcntl(fd, F_SETFD, FD_CLOEXEC);
  bufferOutput(context);
  bufferError(context);
  setOutputFlags(context, OUTPUT_FLAGS);
  return {
    kind: 'library',
    run(commands) {
      if (context === null) throw new Error('nftables is closed');
      const failed = runCommands(context, commands) !== 0;
      // Reading a buffer empties it for the next transaction.
      const output = String(outputBuffer(context) ?? '');
      const error = String(errorBuffer(context) ?? '');
      if (failed) throw new NftablesError(error);
      return output;
    },
    [Symbol.dispose]() {
      if (context === null) return;
      contextFree(context);
      context = null;
    },
  };
}

const OUTPUT_HANDLE = 1 << 3;
const OUTPUT_NUMERIC_PROTO = 1 << 7;
const OUTPUT_NUMERIC_PRIO = 1 << 8;
/** Numbers instead of names of this machine's /etc/protocols; handles, by which rules are deleted. */
const OUTPUT_FLAGS = OUTPUT_HANDLE | OUTPUT_NUMERIC_PROTO | OUTPUT_NUMERIC_PRIO;

/**
 * The fallback: 4 ms a transaction instead of 0.1. It is spawned in the thread's namespace. @throws Error when there is
 * no `nft`
 */
export function openNftCommand(): Nftables {
  const spawn = (args: readonly string[], input: string): string => {
    const child = spawnSync('nft', args, { input, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    if (child.error !== undefined) throw new Error('neither libnftables nor nft is installed', { cause: child.error });
    if (child.status !== 0) throw new NftablesError(child.stderr);
    return child.stdout;
  };
  spawn(['--version'], '');
  return {
    kind: 'command',
    run: (commands) => spawn(['-a', '-y', '-n', '-f', '-'], commands),
    [Symbol.dispose]() {},
  };
}

/** The sockets of this process: descriptors by inode. */
function sockets(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith('socket:')) found.set(target, Number(fd));
    } catch {
      // It was closed meanwhile: the descriptor of the directory itself, or another thread's.
    }
  }
  return found;
}
