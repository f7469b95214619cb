import { conflict, EngineError } from '../../base/errors.ts';
import { isObject } from '../../base/is-object.ts';
import type { RuntimeProcess, RuntimeSpec } from '../../spec/index.ts';
import type { RefusedError } from '../supervisor-client/control-connection.ts';

/**
 * Maps a message of crun 1.x or runc 1.1 to dockerd 28's. Clients derive exit codes 126 and 127 from the wording, so
 * that it is part of the interface.
 */
interface Rule {
  readonly crun: RegExp;
  /** runc's message after `runc create failed: ` or `exec failed: `. */
  readonly detail: (match: readonly string[], context: Context) => string;
}

interface Context {
  readonly command: string;
  readonly mounts: RuntimeSpec['mounts'];
  /** Whether the process is an exec, and not the container's main process. */
  readonly isExec: boolean;
}

const CANNOT_START = 'unable to start container process';
/** crun's message for a directory. */
const IS_DIRECTORY = 'Operation not permitted';
const DURING_INIT = `${CANNOT_START}: error during container init`;

const RULES: readonly Rule[] = [
  {
    crun: /^executable file `.*` not found in \$PATH/,
    detail: (_, { command, isExec }) => `${beginning(isExec)}: ${missing(command)}`,
  },
  {
    crun: /^open executable: (.+)$/,
    detail: ([, reason = ''], { command, isExec }) => `${beginning(isExec)}: ${notExecutable(command, reason)}`,
  },
  {
    crun: /^exec(?: container process)? `(.*)`: (.+)$/,
    detail: ([, path, reason = ''], { isExec }) => `${beginning(isExec)}: exec ${path}: ${lower(reason)}`,
  },
  {
    crun: /^chdir(?: to)? `(.*)`: (.+)$/,
    detail: ([, path = '', reason = ''], { isExec }) =>
      isExec && !path.startsWith('/')
        ? 'Cwd must be an absolute path'
        : `${beginning(isExec)}: chdir to cwd ("${path}") set in config.json failed: ${lower(reason)}`,
  },
  {
    crun: /^mount `(.*)` to `(.*)`: (.+)$/,
    detail: ([, source, target = '', reason = '']) => mountFailure(source, `/${target.replace(/^\//, '')}`, reason),
  },
  {
    crun: /^(?:error stat'ing file|cannot stat) `(.*)`: (.+)$/,
    detail: ([, source = '', reason = ''], { mounts }) => {
      const target = mounts.find((mount) => mount.source === source)?.destination ?? '';
      return `${DURING_INIT}: error mounting "${source}" to rootfs at "${target}": stat ${source}: ${lower(reason)}`;
    },
  },
  {
    crun: /^setrlimit `(RLIMIT_\w+)`: (.+)$/,
    detail: ([, name = '', reason = '']) =>
      `${DURING_INIT}: error setting rlimits for ready process: error setting rlimit type ${RLIMITS.indexOf(name)}: ${lower(reason)}`,
  },
  {
    crun: /^the sysctl `(.*)` is not namespaced/,
    detail: ([, name]) => `sysctl "${name}" is not in a separate kernel namespace`,
  },
  {
    crun: /^the sysctl `(.*)` requires a new network namespace/,
    detail: ([, name]) => `sysctl "${name}" not allowed in host network namespace`,
  },
  {
    crun: /^the sysctl `(.*)` requires a new IPC namespace/,
    detail: ([, name]) => `sysctl "${name}" is not allowed in the hosts ipc namespace`,
  },
  {
    crun: /^sethostname: (.+)$/,
    detail: ([, reason = '']) => `${DURING_INIT}: sethostname: ${lower(reason)}`,
  },
  {
    crun: /^open (\/proc\/sys\/\S+): (.+)$/,
    detail: ([, path, reason = '']) => `${DURING_INIT}: open ${path}: ${lower(reason)}`,
  },
  {
    crun: /^OOM: the memory limit could be too low/,
    detail: () => `${CANNOT_START}: container init was OOM-killed (memory limit too low?)`,
  },
];

/** The index is the number of getrlimit(2). */
const RLIMITS = [
  ...['RLIMIT_CPU', 'RLIMIT_FSIZE', 'RLIMIT_DATA', 'RLIMIT_STACK', 'RLIMIT_CORE', 'RLIMIT_RSS', 'RLIMIT_NPROC'],
  ...['RLIMIT_NOFILE', 'RLIMIT_MEMLOCK', 'RLIMIT_AS', 'RLIMIT_LOCKS', 'RLIMIT_SIGPENDING', 'RLIMIT_MSGQUEUE'],
  ...['RLIMIT_NICE', 'RLIMIT_RTPRIO', 'RLIMIT_RTTIME'],
];

const MOUNT_HINT =
  'Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type';

const FULL_DISK = 'no space left on device';

/** The error of a container's start, in Docker's words. */
export function startError(error: RefusedError, spec: RuntimeSpec): EngineError {
  if (isFullDisk(error)) return new EngineError('noSpace', FULL_DISK, { cause: error });
  if (error.code !== 'runtime') return new EngineError('internal', error.message, { cause: error });
  const detail = translate(
    error.message,
    { command: spec.process.args[0] ?? '', mounts: spec.mounts, isExec: false },
    'runc create failed',
  );
  const prefix = 'failed to create task for container: failed to create shim task: OCI runtime create failed';
  return finish(`${prefix}: ${detail}`, error);
}

/** The error of an exec's start, in Docker's words. */
export function execError(error: RefusedError, containerId: string, process: RuntimeProcess): EngineError {
  if (error.code === 'noTask') return conflict(`container ${containerId} is not running`);
  if (isFullDisk(error)) return new EngineError('noSpace', FULL_DISK, { cause: error });
  if (error.code !== 'runtime') return new EngineError('internal', error.message, { cause: error });
  const detail = translate(error.message, { command: process.args[0] ?? '', mounts: [], isExec: true }, 'exec failed');
  return finish(`OCI runtime exec failed: ${detail}`, error);
}

/**
 * The exit code that Docker gives a container whose start failed: 127 when a file is missing, 126 when it cannot be
 * executed, else 128.
 */
export function exitCodeOfStartError(error: unknown): number {
  const text = error instanceof Error ? error.message.toLowerCase() : '';
  if (/executable file not found|no such file or directory/.test(text)) return 127;
  if (/permission denied|is a directory/.test(text)) return 126;
  if (text.includes('not a directory')) return 127;
  return 128;
}

/** The message of a runtime that wrote to stderr: from its JSON log line, or plain text. */
export function runtimeMessage(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  try {
    const entry: unknown = JSON.parse(last);
    if (isObject(entry) && 'msg' in entry) return String(entry['msg']);
  } catch {
    // Plain text: logfmt, or crun's time stamp before the message.
  }
  return /msg="(.*)"$/.exec(last)?.[1] ?? last.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '');
}

/** dockerd adds a hint or a reason by errno text, and returns `invalid` for errors that the user can correct. */
function finish(message: string, cause: RefusedError): EngineError {
  if (message.includes('is a directory')) return new EngineError('invalid', `${message}: permission denied`, { cause });
  if (/executable file not found|no such file or directory|permission denied/.test(message)) {
    return new EngineError('invalid', message, { cause });
  }
  if (message.includes('not a directory')) return new EngineError('invalid', `${message}: ${MOUNT_HINT}`, { cause });
  return new EngineError('failed', message, { cause });
}

/**
 * Whether the runtime had no space for a file of its own, such as its state or pid file. The kernel returns ENOSPC for
 * too many mounts and cgroups too: these keep the runtime's text.
 */
function isFullDisk({ code, message }: RefusedError): boolean {
  return code === 'runtime' && /: no space left on device$/i.test(message) && !/\bmount|cgroup/.test(message);
}

function translate(message: string, context: Context, verb: string): string {
  const runc = /^(?:runc run failed|exec failed): (.*)$/s.exec(message)?.[1];
  if (runc !== undefined) {
    const start = `${CANNOT_START}: exec: `;
    const isCommand = !context.isExec && runc.startsWith(start);
    return `${verb}: ${isCommand ? `${DURING_INIT}: ${runc.slice(CANNOT_START.length + 2)}` : runc}`;
  }
  for (const { crun, detail } of RULES) {
    const match = crun.exec(message);
    if (match !== null) return `${verb}: ${detail(match, context)}`;
  }
  return message === '' ? `${verb}: ${CANNOT_START}` : message;
}

/** runc checks the command of a start in the container's init process, and that of an exec before. */
function beginning(isExec: boolean): string {
  return isExec ? CANNOT_START : DURING_INIT;
}

function missing(command: string): string {
  const reason = command.includes('/')
    ? `stat ${command}: no such file or directory`
    : 'executable file not found in $PATH';
  return `exec: ${quote(command)}: ${reason}`;
}

/** crun reports EPERM for a directory, and finds files in PATH that are not executable. */
function notExecutable(command: string, reason: string): string {
  if (!command.includes('/')) return missing(command);
  if (reason === IS_DIRECTORY) return `exec: ${quote(command)}: is a directory`;
  if (reason === 'Permission denied') return `exec: ${quote(command)}: permission denied`;
  return `exec: ${quote(command)}: stat ${command}: ${lower(reason)}`;
}

function mountFailure(source: string | undefined, target: string, reason: string): string {
  return `${DURING_INIT}: error mounting "${source}" to rootfs at "${target}": mount ${source}:${target}: ${lower(reason)}`;
}

/** Quotes as Go's %q does, which for these texts equals JSON. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** crun uses the texts of strerror, runc those of Go. */
function lower(reason: string): string {
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}
