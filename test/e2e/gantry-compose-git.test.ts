import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { remoteFetcher } from '../../src/compose/index.ts';
import { removeTree } from '../../src/linux/index.ts';
import { lacksPlugins } from '../support/client-plugins.ts';
import { GANTRY } from '../support/compose-project.ts';
import { eventually } from '../support/fixture.ts';
import { serveRepository } from '../support/git-daemon.ts';
import { git, startGitServer } from '../support/git-server.ts';
import { twoComposes } from '../support/two-composes.ts';

const skip = lacksPlugins('new');

const FILES = {
  'compose.yaml': `
services:
  web: { image: busybox, env_file: web.env, volumes: ["./data:/data"], build: . }
`,
  'web.env': 'A=1\n',
  'base.yaml': `
services:
  base: { image: base, environment: { B: "\${B:-2}" }, env_file: ./web.env }
`,
  'sub/compose.yaml': `
services:
  sub:
    image: busybox
    volumes: [./x:/x, ../y:/y]
    extends: { file: ../base.yaml, service: base }
`,
  'sub/.env': 'B=of-the-folder\n',
  'sub/other.yml': 'services: { other: { image: other, build: ./ctx } }\n',
};

test('projects of git repositories are those of docker compose', { skip }, async (t) => {
  await using repository = await serveRepository();
  const { url } = repository;
  const first = repository.commit(FILES);
  git(repository.tree, 'tag', '-a', '-m', 'v1', 'v1');
  git(repository.tree, 'branch', 'next');
  repository.commit({ 'compose.yaml': 'services: { newer: { image: busybox } }\n' });
  repository.push();
  const both = twoComposes(t);
  for (const address of ['', '#v1:sub/other.yml', '#:sub', '#refs/heads/next', '?ref=v1&subdir=sub'])
    await both.same('-f', `${url}${address}`, 'config');
  await both.same('-f', `${url}#${first}`, 'config', '--hash', '*');
  both.write({ 'override.yaml': 'services: { web: { build: ./here, volumes: ["./own:/own"] } }\n' });
  await both.same('-f', `${url}#v1`, '-f', 'override.yaml', 'config');
});

test('include and extends take files of repositories as docker compose does', { skip }, async (t) => {
  await using repository = await serveRepository();
  const { url } = repository;
  repository.commit(FILES);
  repository.push();
  await using http = await startGitServer(join(repository.tree, '..'));
  const both = twoComposes(t);
  both.write({ 'local.yml': 'services: { other: { build: ./zz } }\n', 'e.env': 'B=of-a-file\n' });
  const projects = [
    `include: ["${http.url}/repo.git", "${url}#main:sub"]`,
    `include: [{ path: ["${url}#main:sub", "${url}#main:sub/other.yml", ./local.yml] }]`,
    `
include:
  - { path: [./local.yml, "${url}#main:sub/other.yml"] }
  - { path: "${url}#main:sub", env_file: ./e.env }
`,
    `
include: [{ path: "${url}#main:sub/other.yml", project_directory: /tmp/elsewhere }]
services:
  a: { extends: { file: "${url}", service: web } }
  b: { extends: { file: "${url}#main:sub/other.yml", service: other } }
`,
  ];
  for (const project of projects) {
    both.write({ 'compose.yaml': `${project}\n` });
    await both.same('config').catch((error: unknown) => {
      throw new Error(project, { cause: error });
    });
  }
});

test('addresses of ssh are handed to the ssh of the user', { skip }, async (t) => {
  await using repository = await serveRepository();
  repository.commit(FILES);
  repository.push();
  const top = dirname(repository.tree);
  const [program, asked] = [join(top, 'ssh'), join(top, 'asked')];
  // It does on this machine what the other one would do, in place of a connection.
  writeFileSync(
    program,
    `#!/bin/sh\nfor word; do host=$last; last=$word; done\necho "$host" >>${asked}\nexec sh -c "$last"\n`,
    { mode: 0o755 },
  );
  const both = twoComposes(t, { GIT_SSH_COMMAND: program, GIT_SSH_VARIANT: 'ssh' });
  await both.same('-f', `git@code.test:${top}/repo.git`, 'config');
  await both.same('-f', `ssh://git@code.test:2222${top}/repo.git#main:sub`, 'config');
  both.write({ 'compose.yaml': `include: ["git@code.test:${top}/repo.git#main:sub"]\n` });
  await both.same('config', '--services');
  const hosts = readFileSync(asked, 'utf8').trim().split('\n');
  assert.deepEqual([...new Set(hosts)], ['git@code.test']);
  assert.ok(hosts.length >= 6, 'each tool has asked for each project');
});

test('a branch is found by its own name, not by the end of another', { skip }, async (t) => {
  await using repository = await serveRepository();
  repository.commit({ 'compose.yaml': 'services: { wrong: { image: busybox } }\n' });
  git(repository.tree, 'branch', 'feature/main');
  repository.commit({ 'compose.yaml': 'services: { right: { image: busybox } }\n' });
  repository.push();
  const { gantry } = twoComposes(t);
  assert.equal((await gantry('-f', `${repository.url}#main`, 'config', '--services')).stdout, 'right\n');
});

test('what docker compose left half-fetched is fetched again', { skip }, async (t) => {
  await using repository = await serveRepository();
  const commit = repository.commit(FILES);
  repository.push();
  const both = twoComposes(t);
  assert.equal((await both.gantry('-f', repository.url, 'config', '-q')).code, 0);
  rmSync(join(both.cache, commit, '.git', 'index'));
  rmSync(join(both.cache, commit, 'compose.yaml'));
  assert.equal((await both.gantry('-f', repository.url, 'config', '-q')).code, 0);
  assert.deepEqual(readdirSync(both.cache), [commit]);
});

test('hostile addresses and repositories are refused with a reason, and leave nothing', async (t) => {
  await using repository = await serveRepository();
  symlinkSync('/etc/passwd', join(repository.tree, 'link.yaml'));
  repository.commit(FILES);
  repository.push();
  const { url } = repository;
  const { env, cache, folder } = twoComposes(t);
  const mark = join(folder, 'mark');
  const absent = 'a'.repeat(40);
  const open = () => Promise.reject(new Error('there is no registry'));
  const deps = { env: { PATH: process.env['PATH'], ...env }, open, removeTree };
  const fetch = remoteFetcher(deps, new AbortController().signal);
  const refused: readonly (readonly [string, RegExp])[] = [
    [`${url}#main:../x`, /git subdirectory path traversal detected: \.\.\/x/],
    [`${url}#main:sub/../../x`, /path traversal/],
    [`${url}#main:link.yaml`, /a symbolic link leads out of the repository/],
    [`${url}#main:none`, /no such file or directory/],
    [`${url}#main:.git`, /there is no compose\.yaml/],
    [`${url}#none`, /repository does not contain ref/],
    [`${url}#*`, /"\*" is not a branch, a tag or a commit/],
    [`${url}#--upload-pack=touch ${mark}`, /is not a branch, a tag or a commit/],
    [`${url}#${absent}`, /git fetch has failed with exit code 128/],
    [`${url}?checksum=${absent}`, /the commit is [0-9a-f]{40}, not "a{40}"/],
    [`${url}?what=1`, /unexpected query "what"/],
    [`-a@host:x#${absent}`, /git fetch has failed/],
    [`ssh://-oProxyCommand=touch${mark}/x`, /strange hostname/],
    [`ext::touch ${mark}.git`, /the address of a repository ends in \.git/],
    [`file://${folder}/x.git`, /the address of a repository ends in \.git/],
    ['http://127.0.0.1:1/x', /the address of a repository ends in \.git/],
    ['git://127.0.0.1:1/x.git', /failed to access repository at git:\/\/127\.0\.0\.1:1\/x\.git:\n[\s\S]*refused/],
  ];
  for (const [address, reason] of refused) await assert.rejects(fetch(address), reason, address);
  assert.equal(existsSync(mark), false);
  for (const entry of readdirSync(cache)) assert.match(entry, /^[0-9a-f]{40}$/);
});

test('git that is missing, turned off or slow is told, and Ctrl-C ends it', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await once(silent, 'listening');
  const address = silent.address();
  assert.ok(typeof address === 'object' && address !== null);
  const url = `git://127.0.0.1:${address.port}/x.git`;
  const without = twoComposes(t, { PATH: dirname(process.execPath) });
  if (!existsSync(join(dirname(process.execPath), 'git')))
    assert.match(
      (await without.gantry('-f', url, 'config')).stderr,
      /needs the program git, which is not installed here/,
    );
  for (const [value, reason] of [
    ['0', /^git remote resource is disabled by "COMPOSE_EXPERIMENTAL_GIT_REMOTE"\n$/],
    ['maybe', /^COMPOSE_EXPERIMENTAL_GIT_REMOTE must be true or false, not "maybe"\n$/],
  ] as const) {
    const off = twoComposes(t, { COMPOSE_EXPERIMENTAL_GIT_REMOTE: value });
    assert.match((await off.gantry('-f', url, 'config')).stderr, reason);
  }
  const { env, folder } = twoComposes(t);
  const child = spawn(GANTRY, ['compose', '-f', url, 'config'], { env: { ...process.env, ...env }, cwd: folder });
  const connected = once(silent, 'connection');
  await connected;
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [130, null]);
  await eventually(async () => {
    const running = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(url));
    assert.deepEqual(running, []);
  });
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
