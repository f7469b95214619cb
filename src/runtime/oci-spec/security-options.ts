import { invalid } from '../../base/errors.ts';

/** The parsed `HostConfig.SecurityOpt`. Undefined stands for the engine's default. */
export interface SecurityOptions {
  /** `unconfined`, `builtin`, or a profile's JSON. */
  readonly seccomp: string | undefined;
  readonly apparmor: string | undefined;
  readonly noNewPrivileges: boolean;
  /** Whether the container may change its cgroups. Default: when it is privileged. */
  readonly writableCgroups: boolean | undefined;
  /** SELinux labels. Inspect shows them; without SELinux they have no effect. */
  readonly labels: readonly string[];
}

/** Parses `name=value` and the older `name:value`. @throws EngineError invalid */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let seccomp: string | undefined;
  let apparmor: string | undefined;
  let noNewPrivileges = false;
  let writableCgroups: boolean | undefined;
  const labels: string[] = [];
  for (const option of options) {
    if (option === 'no-new-privileges') {
      noNewPrivileges = true;
      continue;
    }
    const separator = option.includes('=') ? '=' : ':';
    const at = option.indexOf(separator);
    if (at < 0) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`);
    const value = option.slice(at + 1);
    switch (option.slice(0, at)) {
      case 'label':
        labels.push(value);
        break;
      case 'apparmor':
        apparmor = value;
        break;
      case 'seccomp':
        seccomp = value;
        break;
      case 'no-new-privileges':
        noNewPrivileges = flagOf(option, value);
        break;
      case 'writable-cgroups':
        writableCgroups = flagOf(option, value);
        break;
      default:
        throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
    }
  }
  return { seccomp, apparmor, noNewPrivileges, writableCgroups, labels };
}

/** Reads the value of a flag as Go's ParseBool. @throws EngineError invalid */
function flagOf(option: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
}
