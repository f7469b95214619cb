import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../../../linux/index.ts';
import { extraHostLines, hostResolverText, resolvConf } from '../../../network/index.ts';
import type { BuildPorts } from '../../ports.ts';

/** The folder of a step that runs: its files of /etc, and below it mount points. */
export interface StepFolder extends AsyncDisposable {
  readonly path: string;
  /** Undoes something before the folder goes. */
  defer(undo: () => void | Promise<void>): void;
}

/** Makes the folder. Disposing removes it. */
export function makeStepFolder({ runFolder }: Pick<BuildPorts, 'runFolder'>, id: string): StepFolder {
  // Short, for paths of sockets.
  const path = join(runFolder, id.slice(0, 12));
  const undo = new AsyncDisposableStack();
  mkdirSync(path, { recursive: true, mode: 0o711 });
  undo.defer(() => removeTree(path));
  return { path, defer: (step) => undo.defer(step), [Symbol.asyncDispose]: () => undo.disposeAsync() };
}

export interface StepNames {
  readonly hostname: string;
  /** `name=address`. */
  readonly extraHosts: readonly string[];
  readonly isOnHostNetwork: boolean;
}

/** Writes /etc/hosts and /etc/resolv.conf of a step. @throws EngineError invalid for an extra host */
export function writeNetworkFiles(
  { networks, dns }: Pick<BuildPorts, 'networks' | 'dns'>,
  folder: string,
  { hostname, extraHosts, isOnHostNetwork }: StepNames,
): { readonly hosts: string; readonly resolvConf: string } {
  const files = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
  // As BuildKit: a step has no address that its own name could have.
  const own = `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`;
  writeFileSync(files.hosts, own + extraHostLines(extraHosts, networks.hostGateways));
  const { servers, search, options } = dns;
  const hostText = hostResolverText(isOnHostNetwork);
  writeFileSync(
    files.resolvConf,
    resolvConf({ hostText, dns: servers, dnsSearch: search, dnsOptions: options, hostNetwork: isOnHostNetwork }),
  );
  return files;
}
