import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEngine } from '../test/support/engine.ts';
import { peer as findPeer } from '../test/support/peer.ts';

/** An engine under measurement, driven by the real docker CLI. */
export interface Engine extends AsyncDisposable {
  /** Column of the table. */
  readonly name: string;
  readonly kind: EngineKind;
  readonly host: string;
  /** Checkout of the project that the engine was started from. Of a peer: this one. */
  readonly checkout: string;
  /** Proportional set size of all processes of the engine itself, in bytes (without the containers' processes). */
  memory(): number;
}

export type EngineKind = 'gantry' | 'dockerd' | 'podman';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const PEERS = new URL('../../shared/tools/peers', import.meta.url).pathname;

/** Our engine in folders of its own, by default that of this checkout. Another one must have been set up and built. */
export async function ours(name = 'gantry', checkout = CHECKOUT): Promise<Engine> {
  const engine = await startEngine({ command: [join(checkout, 'bin/gantryd')] });
  return {
    name,
    kind: 'gantry',
    checkout,
    host: engine.host,
    memory: () => memoryOf((args) => args.includes(engine.execRoot)),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** A peer from the team's script, left as it was found. Undefined, with a note, where it cannot run. */
export async function peer(name: 'dockerd' | 'podman'): Promise<Engine | undefined> {
  if (!existsSync(PEERS)) {
    console.log(`${name}: left out, there is no ${PEERS.slice(PEERS.indexOf('shared'))} beside the project`);
    return undefined;
  }
  const ranBefore = (await findPeer(name)).skip === false;
  const host = execFileSync(PEERS, ['up', name], { encoding: 'utf8' }).trim().split('\n').at(-1)!;
  const mine: Record<typeof name, RegExp> = {
    dockerd: /^(?:\S*\/)?(?:dockerd|containerd|docker-proxy|containerd-shim\S*)\b/,
    podman: /^(?:\S*\/)?(?:podman|conmon|netavark|aardvark-dns|rootlessport)\b/,
  };
  return {
    name,
    kind: name,
    checkout: CHECKOUT,
    host,
    memory: () => memoryOf((args) => mine[name].test(args)),
    async [Symbol.asyncDispose]() {
      if (!ranBefore) execFileSync(PEERS, ['down', name]);
    },
  };
}

function memoryOf(mine: (args: string) => boolean): number {
  let total = 0;
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    try {
      if (!mine(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))) continue;
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
      total += Number(pss?.[1] ?? 0) * 1024;
    } catch {
      // The process ended meanwhile.
    }
  }
  return total;
}
