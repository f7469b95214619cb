import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Trial, work } from './crash-clients.ts';
import { judge, type Kill, type Verdict, type Victim } from './crash-judge.ts';
import type { TestEngine } from './engine.ts';
import { cgroupsOf } from './host.ts';
import { killSupervisor } from './kill-supervisor.ts';
import { seededRandom } from './random.ts';
import { uptime } from './uptime.ts';

export interface Campaign {
  /** Called after each round with the sums so far. */
  readonly onProgress?: (sums: Sums) => void;
  readonly kills: number;
  readonly killsPerRound: number;
  readonly clients: number;
  readonly seed: number;
}

export interface Sums {
  readonly kills: number;
  /** Containers whose code and lines were compared with what they recorded. */
  readonly compared: number;
  /** Of them, those without an exit code for a reason that docs/crashes.md lists. */
  readonly lackCode: number;
  /** Of them, those without all lines for a reason that docs/crashes.md lists. */
  readonly lackLines: number;
}

/**
 * The largest share of compared containers that may lack their code, or lines, for a reason of docs/crashes.md. Their
 * ends fall into the time in which both processes are dead. A third of the kills hit both, and on a busy machine the
 * next start takes longer than the pause between kills.
 */
const EXCUSED_SHARE = 0.3;

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
  let sums: Sums = { kills: 0, compared: 0, lackCode: 0, lackLines: 0 };
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
    const verdicts: Verdict[] = [];
    await inTurn(trials, async (trial) => void verdicts.push(await judge(engine, trial, kills)));
    const faults = verdicts.flatMap((verdict) => verdict.faults);
    await removeAll(engine);
    faults.push(...(await leaks(engine, before, trials)));
    assert.deepEqual(faults, [], `seed ${campaign.seed}, after ${done + campaign.killsPerRound} kills`);
    sums = sumOf(sums, campaign.killsPerRound, verdicts);
    campaign.onProgress?.(sums);
  }
  assert.ok(sums.compared > 0, 'no container was compared');
  const most = Math.ceil(sums.compared * EXCUSED_SHARE);
  assert.ok(sums.lackCode <= most && sums.lackLines <= most, `more is excused than kills explain: ${inspect(sums)}`);
}

/** Does a few at a time: while an engine is down, clients make hundreds of trials that never begin. */
async function inTurn<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (const item of queue) await action(item);
    }),
  );
}

function sumOf(sums: Sums, kills: number, verdicts: readonly Verdict[]): Sums {
  const count = (what: 'isCompared' | 'lacksCode' | 'lacksLines'): number =>
    verdicts.filter((verdict) => verdict[what]).length;
  return {
    kills: sums.kills + kills,
    compared: sums.compared + count('isCompared'),
    lackCode: sums.lackCode + count('lacksCode'),
    lackLines: sums.lackLines + count('lacksLines'),
  };
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
