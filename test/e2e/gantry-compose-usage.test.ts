import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command } from '../support/command.ts';
import { GANTRY } from '../support/compose-project.ts';

// Wrong command lines of `gantry compose`: the exit codes and the first lines of docker compose 2.40. No engine is needed.
const WRONG: readonly (readonly [line: string, firstLine: string])[] = [
  ['--nope', 'unknown flag: --nope'],
  ['--nope up', 'unknown flag: --nope'],
  ['--parallel', 'flag needs an argument: --parallel'],
  [
    '--parallel abc ps',
    'invalid argument "abc" for "--parallel" flag: strconv.ParseInt: parsing "abc": invalid syntax',
  ],
  ['-f', "flag needs an argument: 'f' in -f"],
  ['-f missing.yaml config', 'open FOLDER/missing.yaml: no such file or directory'],
  ['--progress purple ps', 'unsupported --progress value "purple"'],
  ['--env-file nope config', "couldn't find env file: FOLDER/nope"],
  ['up --nope', 'unknown flag: --nope'],
  ['up -Z', "unknown shorthand flag: 'Z' in -Z"],
  ['up --timeout', 'flag needs an argument: --timeout'],
  ['up -t abc', 'invalid argument "abc" for "-t, --timeout" flag: strconv.ParseInt: parsing "abc": invalid syntax'],
  [
    'up --detach=maybe',
    'invalid argument "maybe" for "-d, --detach" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  ['up --pull sometimes', 'invalid --pull option "sometimes"'],
  ['up --exit-code-from none', 'no such service: none'],
  ['up --attach none', 'cannot attach to services not included in up: none'],
  ['up none', 'no such service: none'],
  ['up --build --no-build', '--build and --no-build are incompatible'],
  [
    'up -d --watch',
    '--detach cannot be combined with --abort-on-container-exit, --abort-on-container-failure, --attach, --attach-dependencies or --watch',
  ],
  [
    'up --wait --attach web',
    '--wait cannot be combined with --abort-on-container-exit, --attach or --attach-dependencies',
  ],
  ['run --pull sometimes web', 'invalid --pull option "sometimes"'],
  ['run -e', "flag needs an argument: 'e' in -e"],
  ['exec', "gantry: 'gantry compose exec' requires at least 2 arguments"],
  ['ls --nope', 'unknown flag: --nope'],
  ['ps -a -b', "unknown shorthand flag: 'b' in -b"],
  ['config --hash', 'flag needs an argument: --hash'],
  ['config --format toml', 'unsupported format "toml"'],
];

test('a wrong command line ends with 1', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-compose-usage-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'compose.yaml'), 'services: { web: { image: busybox } }\n');
  for (const [line, firstLine] of WRONG) {
    const { code, stderr, stdout } = await command(GANTRY, ['compose', ...line.split(' ')], {
      cwd: folder,
      env: { DOCKER_HOST: 'unix:///nowhere.sock' },
    });
    assert.deepEqual(
      { line, code, text: stderr.split('\n')[0], stdout },
      { line, code: 1, text: firstLine.replace('FOLDER', folder), stdout: '' },
    );
  }
});
