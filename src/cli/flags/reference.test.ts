import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS, findCommand, NOUNS } from '../commands.ts';
import { MISSING_COMMANDS } from '../missing-commands.ts';
import { GLOBAL_FLAGS } from './global.ts';

/** docker's commands and flags (tools/contract-facts.mjs). */
const FILE = new URL('../../../test/contract/cli-commands.json', import.meta.url);

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
const OUR_FLAGS: Readonly<Record<string, readonly string[]>> = { login: ['plain-text'] };

interface Facts {
  readonly aliases: readonly string[];
  /** `-s/--signal string=DEFAULT` */
  readonly flags: readonly string[];
}

const reference: Record<string, Facts> = JSON.parse(readFileSync(FILE, 'utf8'));

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
    const listed = MISSING_COMMANDS.includes(path) || MISSING_COMMANDS.includes(path.split(' ')[0] ?? '');
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
