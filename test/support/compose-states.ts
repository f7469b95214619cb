import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pluginConfig } from './client-plugins.ts';
import { type CommandResult, command } from './command.ts';
import { projectState } from './compose-state.ts';
import { KNOWN_DIFFERENCES } from './compose-state-differences.ts';
import type { TestEngine } from './engine.ts';
import { unique } from './fixture.ts';

/** Projects as files. A line that ends in ` #1` is in the file before the change alone, one that ends in ` #2` after it alone. */
const PROJECTS = fileURLToPath(new URL('../records/compose-states', import.meta.url));
const GANTRY = fileURLToPath(new URL('../../bin/gantry', import.meta.url));

/** Files beside the file of each project. */
const FILES: Readonly<Record<string, string>> = {
  '.env': 'WORD=moon\nCOMPOSE_PROFILES=dev\n',
  'src/a': 'content of a\n',
  'src/b': 'content of b\n',
  'src/labels': 'from.file=yes\nb=file\n',
  'src/env': 'ONE=1\nTWO="a b"\nTHREE=$WORD\n',
  'src/env2': 'TWO=second\nFOUR=\n',
  'src/raw': 'RAW="quoted $X"\n',
  'src/seccomp.json': '{"defaultAction":"SCMP_ACT_ALLOW"}',
};

export type Tool = 'docker' | 'gantry';

/** What a project is after a step. */
export interface Step {
  readonly name: string;
  readonly code: number;
  readonly state: Readonly<Record<string, unknown>>;
  readonly stderr: string;
}

/** Projects of the suite. The others are in `test/long`. */
export const QUICK_PROJECTS: readonly string[] = ['anonymous', 'default-network', 'secrets'];

/** The names of the projects in the records. */
export function recordedProjects(): readonly string[] {
  return readdirSync(PROJECTS).map((file) => file.replace('.txt', ''));
}

/** Brings a project up, changes it, and takes it down, with the one tool and then with the other. The states are equal. */
export async function isEqualWithBothTools(t: TestContext, engine: TestEngine, project: string): Promise<void> {
  const known = KNOWN_DIFFERENCES.filter((each) => each.project === project);
  const name = unique('states');
  const folder = mkdtempSync(join(tmpdir(), 'gantry-states-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outer = `${name}-outer`;
  await engine.ok('gantry', ['network', 'create', outer]);
  await engine.ok('gantry', ['volume', 'create', outer]);
  await engine.ok('gantry', [
    'run',
    '-d',
    '--name',
    outer,
    '--network',
    outer,
    '-v',
    '/ours',
    'busybox',
    'sleep',
    '1000',
  ]);
  try {
    const theirs = await stepsOf(engine, { tool: 'docker', project, name, folder });
    const ours = await stepsOf(engine, { tool: 'gantry', project, name, folder });
    const found = theirs.flatMap((step, at) => {
      const own = ours[at];
      const all = differences({ code: step.code, ...step.state }, { code: own?.code, ...own?.state });
      const unknown = all.filter((line) => !known.some(({ what }) => what.test(line)));
      return unknown.length === 0 ? [] : [`${step.name}:`, ...unknown, step.stderr, own?.stderr];
    });
    assert.equal(found.join('\n'), '');
  } finally {
    await engine.gantry(['rm', '-f', '-v', outer]);
    await engine.gantry(['network', 'rm', outer]);
    await engine.gantry(['volume', 'rm', outer]);
  }
}

/** Where two states differ, as lines `PATH: THEIRS, OURS`. */
function differences(theirs: unknown, ours: unknown, path = ''): readonly string[] {
  if (isRecord(theirs) && isRecord(ours)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => differences(theirs[key], ours[key], `${path}/${key}`));
  }
  const [a = 'nothing', b = 'nothing'] = [theirs, ours].map((value) => JSON.stringify(value));
  return a === b ? [] : [`${path}: ${a}, ${b}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Run {
  readonly tool: Tool;
  readonly project: string;
  readonly name: string;
  readonly folder: string;
}

async function stepsOf(engine: TestEngine, { tool, project, name, folder }: Run): Promise<readonly Step[]> {
  const text = readFileSync(join(PROJECTS, `${project}.txt`), 'utf8');
  const place = join(folder, 'project');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, 'src'), { recursive: true });
  mkdirSync(join(place, 'out'), { recursive: true });
  for (const [file, content] of Object.entries(FILES)) writeFileSync(join(place, file), content);
  const env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: pluginConfig(folder, 'new'), COMPOSE_PROGRESS: 'plain' };
  const compose = (...args: readonly string[]): Promise<CommandResult> =>
    command(
      tool === 'docker' ? 'docker' : GANTRY,
      ['compose', '-p', name, '-f', join(place, 'compose.yaml'), ...args],
      { cwd: place, env },
    );
  const before = new Set((await engine.ok('gantry', ['volume', 'ls', '-q'])).split('\n'));
  const steps: Step[] = [];
  const step = async (title: string, ...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await compose(...args);
    steps.push({
      name: title,
      code,
      stderr,
      state: await projectState(engine, name, { out: join(place, 'out'), before }),
    });
  };
  try {
    writeFileSync(join(place, 'compose.yaml'), versionOf(text, 1));
    await step('up', 'up', '-d');
    writeFileSync(join(place, 'compose.yaml'), versionOf(text, 2));
    await step('up after the change', 'up', '-d');
    await step('down', 'down', '-v', '-t', '0');
    return steps;
  } finally {
    await compose('down', '-v', '-t', '0', '--remove-orphans', '--rmi', 'local');
    await removeLeftOver(engine, name);
  }
}

/** Removes what has another name, or another profile, in the last file. The next tool would find it. */
async function removeLeftOver(engine: TestEngine, project: string): Promise<void> {
  for (const [list, remove] of [
    [
      ['ps', '-a'],
      ['rm', '-f'],
    ],
    [
      ['network', 'ls'],
      ['network', 'rm'],
    ],
    [
      ['volume', 'ls'],
      ['volume', 'rm'],
    ],
  ] as const) {
    const filter = `label=com.docker.compose.project=${project}`;
    const listed = await engine.ok('gantry', [...list, '-q', '--filter', filter]);
    const names = listed.split('\n').filter((line) => line !== '');
    if (names.length > 0) await engine.ok('gantry', [...remove, ...names]);
  }
}

function versionOf(text: string, version: 1 | 2): string {
  const lines = text.split('\n').filter((line) => !line.endsWith(` #${3 - version}`));
  return lines.map((line) => line.replace(/ #[12]$/, '')).join('\n');
}
