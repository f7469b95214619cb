import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { command } from './command.ts';
import { TIMEOUT_FACTOR } from './timeout-factor.ts';

/** The places on the host where an engine may leave something, by the paths and names that only it uses. */
export interface EngineTraces {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly bridge: string;
  /** Ids of the engine's containers, for cgroups and links. */
  readonly containerIds?: readonly string[];
}

/**
 * Lists every trace of the engine on the host. Empty when the host is clean. The engine's own log file is not a trace.
 */
export async function tracesOnHost(engine: EngineTraces): Promise<readonly string[]> {
  const found: string[] = [];
  const ours = (text: string): boolean => text.includes(engine.dataRoot) || text.includes(engine.execRoot);

  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n'))
    if (ours(line)) found.push(`mount ${line}`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (Number(pid) !== process.pid && ours(args)) found.push(`process ${pid} ${args}`);
    } catch {
      // The process ended meanwhile.
    }
  }
  const links = await command('ip', ['-o', 'link', 'show']);
  for (const line of links.stdout.split('\n'))
    if (line.includes(`${engine.bridge}:`) || line.includes(`master ${engine.bridge} `)) found.push(`link ${line}`);
  const tables = await command('nft', ['list', 'tables']);
  for (const line of tables.stdout.split('\n')) if (line.includes(engine.bridge)) found.push(`firewall ${line}`);
  const ids = new Set(engine.containerIds ?? []);
  if (ids.size > 0)
    for (const path of cgroupFolders('/sys/fs/cgroup', 4))
      if (ids.has(path.slice(path.lastIndexOf('/') + 1))) found.push(`cgroup ${path}`);
  return found;
}

/** Cgroups of containers, in every hierarchy. */
export function cgroupsOf(containerIds: readonly string[]): readonly string[] {
  const wanted = new Set(containerIds);
  return cgroupFolders('/sys/fs/cgroup', 4).filter((path) => wanted.has(path.slice(path.lastIndexOf('/') + 1)));
}

/** Folders below `top`, down to `depth` levels. */
export function cgroupFolders(top: string, depth: number): readonly string[] {
  if (depth === 0) return [];
  try {
    return readdirSync(top, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [`${top}/${entry.name}`, ...cgroupFolders(`${top}/${entry.name}`, depth - 1)]);
  } catch {
    return [];
  }
}

/** Fails when `find` still finds something after a while: the kernel cleans up with a delay. */
export async function waitUntilEmpty(find: () => Promise<readonly string[]>): Promise<void> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 50 * TIMEOUT_FACTOR; attempt++) {
    left = await find();
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`left on the host:\n${left.join('\n')}`);
}
