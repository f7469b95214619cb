import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS, findCommand, NOUNS } from '../commands.ts';
import { NOT_YET } from '../not-yet.ts';
import { GLOBAL_FLAGS } from './global.ts';

/** docker's commands and flags (see CONTRIBUTING): outside the repository, so this says when it is not there. */
const FILE = new URL('../../../../shared/reference/cli-commands.json', import.meta.url);

/** What docker has no command for. */
const OURS = new Set(['registry serve', 'system check']);

/** Flags of ours that docker's commands lack. */
const OUR_FLAGS: Readonly<Record<string, readonly string[]>> = { login: ['plain-text'] };

interface Reference {
  readonly aliases?: readonly string[];
  readonly subcommands?: unknown;
  readonly options: readonly { readonly flags: readonly string[]; readonly type: string; readonly default: string }[];
}

const absent = existsSync(FILE) ? false : 'docker’s reference data is not beside this repository';
const reference: Record<string, Reference> = absent === false ? JSON.parse(readFileSync(FILE, 'utf8')) : {};

test('every command has exactly the flags of docker’s: names, types, defaults', { skip: absent }, async () => {
  for (const { path, load } of COMMANDS.filter((command) => !OURS.has(command.path))) {
    const theirs = reference[path];
    assert.ok(theirs !== undefined, `docker has no command ${path}`);
    const command = await load();
    const line = (flags: readonly string[], type: string, value: string): string =>
      `${flags.join('/')}:${type}=${value}`;
    const ours = command.flags
      .filter((flag) => flag.hidden === undefined && OUR_FLAGS[path]?.includes(flag.name) !== true)
      .map((flag) =>
        line([...(flag.short === undefined ? [] : [`-${flag.short}`]), `--${flag.name}`], flag.type, flag.default),
      );
    assert.deepEqual(
      ours.sort(),
      theirs.options.map((option) => line(option.flags, option.type, option.default)).sort(),
      path,
    );
  }
});

test('every command answers to all of docker’s names for it', { skip: absent }, () => {
  for (const { path, aliases } of COMMANDS) {
    const theirs = new Set([path, ...(reference[path]?.aliases ?? [])]);
    assert.deepEqual([...new Set([path, ...aliases])].sort(), [...theirs].sort(), path);
  }
});

test('every command of docker is either there or listed as not there yet', { skip: absent }, () => {
  for (const path of Object.keys(reference)) {
    const known = findCommand(path.split(' ')) !== undefined || path in NOUNS;
    const listed = NOT_YET.includes(path) || NOT_YET.includes(path.split(' ')[0] ?? '');
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
