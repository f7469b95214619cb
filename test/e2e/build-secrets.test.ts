import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { startEngine } from '../support/engine.ts';
import { filesWith } from '../support/files-with.ts';
import { loadBusybox } from '../support/fixture.ts';

// A secret is used by steps that succeed and that fail, in files and in variables, and read with all its bytes. No byte of it stays.

const SCANNER = `FROM busybox
RUN printf '%s' '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{}}' >/s
CMD ["sh", "-c", "cp /s $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"]
`;

const word = (): string => `s3cr3t${randomBytes(12).toString('hex')}`;

test('a secret of a build is in no file of the engine, in no answer and in no log', {
  skip: lacksPlugins('new'),
}, async (t) => {
  const engine = await startEngine({ flags: ['--debug'] });
  t.after(() => engine[Symbol.asyncDispose]());
  await loadBusybox(engine);
  const home = mkdtempSync(join(tmpdir(), 'gantry-secrets-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const context = join(home, 'context');
  mkdirSync(context);
  const [inFile, inVariable, inFailed, shown] = [word(), word(), word(), word()];
  writeFileSync(join(home, 'file'), inFile);
  // The last one is not kept secret by the step, and shows that the search finds what is there.
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM busybox AS ok
RUN --mount=type=secret,id=file cat /run/secrets/file | wc -c >/size
RUN --mount=type=secret,id=variable,env=VARIABLE test \${#VARIABLE} -gt 20
RUN --mount=type=secret,id=file,target=/etc/token,mode=0400 grep -q s3cr3t /etc/token
RUN --mount=type=secret,id=shown cp /run/secrets/shown /kept
RUN --mount=type=cache,target=/work --mount=type=secret,id=file wc -c </run/secrets/file >/work/size
FROM ok AS bad
RUN --mount=type=secret,id=failed,env=FAILED test -z "$FAILED"
`,
  );
  const env = {
    ...{ DOCKER_HOST: engine.host, DOCKER_CONFIG: pluginConfig(home, 'new') },
    ...{ VARIABLE: inVariable, FAILED: inFailed, SHOWN: shown },
  };
  const secrets = [`file,src=${join(home, 'file')}`, 'variable,env=VARIABLE', 'failed,env=FAILED', 'shown,env=SHOWN'];
  const flags = secrets.flatMap((secret) => ['--secret', `id=${secret}`]);
  const texts: string[] = [];
  const scanned = await engine.gantry(['build', '-t', 'scanner', '-'], { input: SCANNER });
  assert.equal(scanned.code, 0, scanned.stderr);
  const [cache, out] = [join(home, 'cache'), join(home, 'out.tar')];
  const more = [
    ...['--cache-to', `type=local,dest=${cache},mode=max,mounts=true`, '--output', `type=oci,dest=${out}`],
    ...['--attest', 'type=sbom,generator=scanner', '--provenance=mode=max'],
  ];
  for (const [target, code] of [
    ['ok', 0],
    ['bad', 1],
  ] as const) {
    const args = [
      'buildx',
      'build',
      '--progress=plain',
      '--provenance=mode=max',
      '--target',
      target,
      '-t',
      target,
      ...flags,
      context,
    ];
    const built = await command('docker', args, { env });
    assert.equal(built.code, code, built.stderr);
    const mine = await engine.gantry(
      ['build', '--progress=rawjson', '--target', target, '--no-cache', ...more, ...flags, context],
      { env },
    );
    assert.equal(mine.code, code, mine.stderr);
    texts.push(built.stdout, built.stderr, mine.stdout, mine.stderr);
  }
  const archive = await command('docker', ['save', 'ok', '-o', join(home, 'ok.tar')], { env });
  assert.equal(archive.code, 0, archive.stderr);
  for (const path of ['/images/ok/json', '/images/ok/history', '/system/df', '/events?until=1&since=0', '/info']) {
    texts.push((await engine.api('GET', path)).body);
  }
  texts.push((await command('docker', ['buildx', 'history', 'ls', '--format', 'json'], { env })).stdout, engine.log());
  for (const secret of [inFile, inVariable, inFailed]) {
    assert.deepEqual(filesWith(secret, [engine.dataRoot, engine.execRoot, join(home, 'ok.tar'), cache, out]), []);
    for (const text of texts) assert.ok(!text.includes(secret), text.slice(0, 2000));
  }
  assert.ok(filesWith(shown, [engine.dataRoot]).length > 0, 'what a step copies is found');
  assert.ok(filesWith(shown, [cache]).length > 0, 'what a step copies is in the exported cache');
});
