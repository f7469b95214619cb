import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS, findCommand, NOUNS } from '../commands.ts';
import { MISSING_COMMANDS } from '../missing-commands.ts';
import { GLOBAL_FLAGS } from './global.ts';

/** docker's commands and flags (tools/contract-facts.mjs). */
const FILE = new URL('../../../test/contract/cli-commands.json', import.meta.url);
/** The same of its plugin buildx, which serves `build` in place of docker's own. */
const BUILDX_FILE = new URL('../../../test/contract/buildx-commands.json', import.meta.url);

/** Commands that docker lacks. */
const OURS = new Set([
  'registry serve',
  'system check',
  'volume clone',
  'volume export',
  'volume import',
  'volume rename',
  'volume restore',
  'volume snapshot create',
  'volume snapshot ls',
  'volume snapshot rm',
]);

/** Flags that docker's commands lack. */
const OUR_FLAGS: Readonly<Record<string, readonly string[]>> = {
  'container create': ['restart-unhealthy'],
  'container run': ['restart-unhealthy'],
  login: ['plain-text'],
};

interface Facts {
  readonly aliases: readonly string[];
  /** `-s/--signal string=DEFAULT` */
  readonly flags: readonly string[];
}

const docker: Record<string, Facts> = JSON.parse(readFileSync(FILE, 'utf8'));
const buildx: Record<string, Facts> = JSON.parse(
  readFileSync(BUILDX_FILE, 'utf8').replaceAll(' stringArray=', ' list='),
);
const reference: Record<string, Facts> = {
  ...buildx,
  ...docker,
  // `docker build` and `docker builder du` are buildx's where the plugin is.
  'image build': { aliases: ['build', 'builder build', 'buildx build'], flags: buildx['buildx build']?.flags ?? [] },
  'buildx du': { aliases: ['builder du'], flags: buildx['buildx du']?.flags ?? [] },
};

test('every command has exactly the flags of docker’s: names, types, defaults', async () => {
  for (const { path, load } of COMMANDS.filter((command) => !OURS.has(command.path))) {
    const theirs = reference[path];
    assert.ok(theirs !== undefined, `docker has no command ${path}`);
    const command = await load();
    const ours = command.flags
      .filter((flag) => flag.hidden === undefined && OUR_FLAGS[path]?.includes(flag.name) !== true)
      .map(({ short, name, type, default: value }) => {
        const names = short === undefined ? `--${name}` : `-${short}/--${name}`;
        return `${names} ${type}=${value}`;
      });
    assert.deepEqual(ours.sort(), [...theirs.flags].sort(), path);
  }
});

test('every command answers to all of docker’s names for it', () => {
  for (const { path, aliases } of COMMANDS) {
    const theirs = new Set([path, ...(reference[path]?.aliases ?? [])]);
    assert.deepEqual([...new Set([path, ...aliases])].sort(), [...theirs].sort(), path);
  }
});

test('every command of docker is either there or listed as not there yet', () => {
  for (const path of Object.keys(reference)) {
    const known = findCommand(path.split(' ')) !== undefined || path in NOUNS;
    const words = path.split(' ');
    const listed = words.some((_word, at) => MISSING_COMMANDS.includes(words.slice(0, at + 1).join(' ')));
    assert.equal(
      known !== listed,
      true,
      `${path}: ${known ? 'there, but listed as missing' : 'neither there nor listed'}`,
    );
  }
});

test('no two commands or flags claim the same name', async () => {
  const names = COMMANDS.flatMap(({ path, aliases }) => [path, ...aliases]);
  assert.equal(new Set(names).size, names.length);
  for (const { path, load } of COMMANDS) {
    const { flags } = await load();
    const spellings = flags.flatMap((flag) => [flag.name, ...(flag.short === undefined ? [] : [flag.short])]);
    assert.equal(new Set(spellings).size, spellings.length, path);
  }
  assert.equal(new Set(GLOBAL_FLAGS.map((flag) => flag.name)).size, GLOBAL_FLAGS.length);
});
