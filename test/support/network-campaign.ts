import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { command } from './command.ts';
import type { TestEngine } from './engine.ts';
import { type Random, seededRandom } from './random.ts';
import { send } from './send.ts';

export interface NetworkCampaign {
  readonly kills: number;
  readonly seed: number;
}

const CONTAINERS = 4;
const CLIENTS = 3;
/** Of a network that clients make, connect to, and remove. */
const NETWORKS = 5;

interface Endpoint {
  readonly NetworkID: string;
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
}

/**
 * Kills the daemon at random moments while clients create, connect, disconnect and remove networks. After each start it
 * compares what the API shows with links, addresses, namespaces and firewall elements in the kernel.
 * @throws AssertionError that lists the differences
 */
export async function networkCampaign(engine: TestEngine, { kills, seed }: NetworkCampaign): Promise<void> {
  const random = seededRandom(String(seed));
  const containers = await Promise.all(Array.from({ length: CONTAINERS }, () => startContainer(engine)));
  for (let kill = 1; kill <= kills; kill++) {
    const stop = new AbortController();
    const working = Array.from({ length: CLIENTS }, () =>
      work(engine, seededRandom(String(random.integer(2 ** 31))), containers, stop.signal),
    );
    await delay(random.integer(400));
    await engine.kill9();
    stop.abort();
    const problems = (await Promise.all(working)).flat();
    await engine.start();
    const differences = await settled(() => differencesOf(engine, containers));
    assert.deepEqual([...problems, ...differences], [], `seed ${seed}, kill ${kill}`);
  }
  for (const id of containers) await engine.api('DELETE', `/containers/${id}?force=1`);
  await engine.api('POST', '/networks/prune');
  assert.deepEqual(await settled(() => differencesOf(engine, [])), [], `seed ${seed}, at the end`);
}

async function startContainer(engine: TestEngine): Promise<string> {
  const created = await engine.api('POST', '/containers/create', { Image: 'busybox', Cmd: ['sleep', '100000'] });
  const { Id } = JSON.parse(created.body) as { readonly Id: string };
  assert.equal((await engine.api('POST', `/containers/${Id}/start`)).status, 204);
  return Id;
}

/** Makes requests until `stop`. Returns answers that no order of the requests explains. */
async function work(
  engine: TestEngine,
  random: Random,
  containers: readonly string[],
  stop: AbortSignal,
): Promise<readonly string[]> {
  const problems: string[] = [];
  while (!stop.aborted) {
    const name = `campaign-${random.integer(NETWORKS)}`;
    const Container = containers[random.integer(containers.length)] ?? '';
    const [method, path, body] = random.pick<readonly [string, string, object?]>([
      ['POST', '/networks/create', { Name: name, EnableIPv6: random.next() < 0.5 }],
      ['POST', `/networks/${name}/connect`, { Container }],
      ['POST', `/networks/${name}/connect`, { Container }],
      ['POST', `/networks/${name}/disconnect`, { Container }],
      ['DELETE', `/networks/${name}`],
    ]);
    const answer = await send(engine.socketPath, method, path, body && Buffer.from(JSON.stringify(body)));
    // Two clients may ask for the same at once: it is there, gone, or in use.
    if (answer !== undefined && answer.status >= 500 && !/is not connected/.test(answer.body)) {
      problems.push(`${method} ${path}: ${answer.status} ${answer.body}`);
    }
  }
  return problems;
}

/** The kernel deletes links of removed namespaces with a delay. */
async function settled(find: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let found: readonly string[] = [];
  for (let attempt = 0; attempt < 30; attempt++) {
    found = await find();
    if (found.length === 0) return found;
    await delay(100);
  }
  return found;
}

async function differencesOf(engine: TestEngine, containers: readonly string[]): Promise<readonly string[]> {
  const get = async <T>(path: string): Promise<T> => JSON.parse((await engine.api('GET', path)).body) as T;
  const networks =
    await get<readonly { readonly Id: string; readonly Driver: string; readonly Name: string }[]>('/networks');
  const bridges = networks
    .filter(({ Driver }) => Driver === 'bridge')
    .map(({ Id, Name }) => (Name === 'bridge' ? engine.bridge : `br-${Id.slice(0, 12)}`));
  const found: string[] = [];
  const compare = (what: string, there: Iterable<string>, wanted: Iterable<string>): void => {
    const [have, want] = [[...there].sort(), [...wanted].sort()];
    if (have.join() !== want.join()) found.push(`${what}: ${have.join(' ')} for ${want.join(' ')}`);
  };
  const links = JSON.parse((await command('ip', ['-j', '-d', 'link'])).stdout) as readonly {
    readonly ifname: string;
    readonly ifalias?: string;
    readonly master?: string;
  }[];
  const own = links.filter(({ ifalias }) => ifalias === `gantry:gantry-${engine.bridge}`).map(({ ifname }) => ifname);
  compare('bridges', own, bridges);
  const listed = (await command('nft', ['-j', 'list', 'set', 'ip', `gantry-${engine.bridge}`, 'bridges'])).stdout;
  compare('bridges of the firewall', elementsOf(listed), bridges);
  compare(
    'namespaces',
    readdirSync(join(engine.execRoot, 'netns')).map(() => 'one'),
    containers.map(() => 'one'),
  );
  let endpoints = 0;
  for (const id of containers) {
    const { State, NetworkSettings } = await get<{
      readonly State: { readonly Pid: number };
      readonly NetworkSettings: { readonly Networks: Readonly<Record<string, Endpoint>> };
    }>(`/containers/${id}/json`);
    const all = Object.values(NetworkSettings.Networks);
    endpoints += all.length;
    const shown = all.flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address]).filter(Boolean);
    compare(`addresses of ${id.slice(0, 12)}`, await addressesIn(State.Pid), shown);
    for (const { NetworkID } of all) {
      if (!networks.some(({ Id }) => Id === NetworkID)) found.push(`${id.slice(0, 12)} is on a removed network`);
    }
  }
  const ports = links.filter(({ master }) => master !== undefined && own.includes(master));
  compare(
    'ports of bridges',
    ports.map(() => 'one'),
    Array.from({ length: endpoints }, () => 'one'),
  );
  return found;
}

/** The elements of a set as `nft -j` lists it. */
function elementsOf(listed: string): readonly string[] {
  const { nftables } = JSON.parse(listed) as {
    readonly nftables: readonly { readonly set?: { readonly elem?: string[] } }[];
  };
  return nftables.flatMap(({ set }) => set?.elem ?? []);
}

async function addressesIn(pid: number): Promise<readonly string[]> {
  const { stdout } = await command('nsenter', ['-t', String(pid), '-n', 'ip', '-j', 'addr']);
  const links = JSON.parse(stdout) as readonly {
    readonly ifname: string;
    readonly addr_info: readonly { readonly local: string; readonly scope: string }[];
  }[];
  return links
    .filter(({ ifname }) => ifname !== 'lo')
    .flatMap(({ addr_info: addresses }) =>
      addresses.filter(({ scope }) => scope === 'global').map(({ local }) => local),
    );
}
