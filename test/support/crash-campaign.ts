import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Trial, work } from './crash-clients.ts';
import { judge, type Kill, type Victim } from './crash-judge.ts';
import type { TestEngine } from './engine.ts';
import { cgroupsOf } from './host.ts';
import { seededRandom } from './random.ts';
import { uptime } from './uptime.ts';

export interface Campaign {
  /** Called with the number of checked kills. */
  readonly onProgress?: (kills: number, containers: number) => void;
  readonly kills: number;
  readonly killsPerRound: number;
  readonly clients: number;
  readonly seed: number;
}

/** A daemon that dies this soon after its supervisor may not have started another one: both are dead then. */
const SUCCESSION_SECONDS = 2;

/**
 * Kills daemon, supervisor or both at random moments while clients create, start, stop, execute and remove. After each round it
 * compares every log line and exit code with what the container did, and the folders of both roots with those before.
 * @throws AssertionError that lists the faults
 */
export async function crashCampaign(engine: TestEngine, campaign: Campaign): Promise<void> {
  const random = seededRandom(String(campaign.seed));
  const before = folders(engine);
  const truth = mkdtempSync(join(tmpdir(), 'crash-truth-'));
  using _truth = { [Symbol.dispose]: () => rmSync(truth, { recursive: true }) };
  const strikes = new Strikes(engine);
  let judged = 0;
  for (let done = 0; done < campaign.kills; done += campaign.killsPerRound) {
    const stop = new AbortController();
    const trials: Trial[] = [];
    const working = Array.from({ length: campaign.clients }, (_, number) =>
      work(engine, { number, seed: random.integer(2 ** 31), truth }, trials, stop.signal),
    );
    const kills: Kill[] = [];
    for (let kill = 0; kill < campaign.killsPerRound; kill++) {
      await delay(20 + random.integer(1200));
      kills.push(await strikes.at(random.pick(['daemon', 'supervisor', 'both'])));
    }
    stop.abort();
    await Promise.all(working);
    const faults = (await Promise.all(trials.map((trial) => judge(engine, trial, kills)))).flat();
    await removeAll(engine);
    faults.push(...(await leaks(engine, before, trials)));
    assert.deepEqual(faults, [], `seed ${campaign.seed}, after ${done + campaign.killsPerRound} kills`);
    judged += trials.filter(({ isStarted }) => isStarted).length;
    campaign.onProgress?.(done + campaign.killsPerRound, judged);
  }
}

/** Kills a victim, and records whether the daemon was the supervisor's parent. */
class Strikes {
  readonly #engine: TestEngine;
  #isParent = true;
  #supervisorDied = Number.NEGATIVE_INFINITY;

  constructor(engine: TestEngine) {
    this.#engine = engine;
  }

  async at(victim: Victim): Promise<Kill> {
    const from = uptime();
    const isParent = this.#isParent;
    const isOrphaned = victim === 'daemon' && from - this.#supervisorDied < SUCCESSION_SECONDS;
    if (victim !== 'daemon') {
      killSupervisor(this.#engine);
      this.#supervisorDied = from;
    }
    if (victim !== 'supervisor') {
      await this.#engine.kill9();
      await this.#engine.start();
    }
    this.#isParent = victim !== 'daemon';
    return { victim: isOrphaned ? 'both' : victim, from, to: uptime(), isParent };
  }
}

/** Kills the process whose command line has both the supervisor and this exec root. None exists while it is being started. */
function killSupervisor({ execRoot }: TestEngine): void {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      if (args.includes(execRoot) && args.includes('supervisor') && !args.includes('gantryd'))
        process.kill(Number(name), 'SIGKILL');
    } catch {
      // The process has ended meanwhile.
    }
  }
}

async function removeAll(engine: TestEngine): Promise<void> {
  const all = JSON.parse((await engine.api('GET', '/containers/json?all=1')).body) as readonly {
    readonly Id: string;
  }[];
  await Promise.all(all.map(({ Id }) => engine.api('DELETE', `/containers/${Id}?force=1&v=1`)));
}

/** Returns new folders and files, once the removals that run in the background are done. */
async function leaks(
  engine: TestEngine,
  before: ReadonlySet<string>,
  trials: readonly Trial[],
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < 300; attempt++) {
    left = [...folders(engine)].filter((path) => !before.has(path));
    left = [...left, ...cgroupsOf(trials.flatMap(({ id }) => id ?? []))];
    if (left.length === 0) return left;
    await delay(100);
  }
  return left.map((path) => `left: ${path}`);
}

/** Returns every folder of both roots, and every file of the exec root. It omits unpacked layers and blobs, which are shared and stay. */
export function folders({ dataRoot, execRoot }: Pick<TestEngine, 'dataRoot' | 'execRoot'>): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (path: string, withFiles: boolean): void => {
    for (const entry of entriesOf(path)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) {
        found.add(below);
        if (!/\/(?:layers|blobs)$/.test(below)) walk(below, withFiles);
      } else if (withFiles) found.add(below);
    }
  };
  walk(dataRoot, false);
  walk(execRoot, true);
  return found;
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
