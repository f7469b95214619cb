import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { useEngine } from '../support/fixture.ts';

// Lists of packages, by a scanner's image that the test makes.
const engine = useEngine();

const SCANNER = `FROM busybox
RUN printf '%s' '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"name":"' > /head
CMD ["sh", "-c", "(cat /head; ls $BUILDKIT_SCAN_SOURCE | tr '\\\\n' ' '; echo '\\"}}') > $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"]
`;

test('a scanner lists what is in the result', { skip: lacksPlugins('new') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-sbom-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: pluginConfig(folder, 'new') };
  const build = (args: readonly string[], input: string) =>
    command('docker', ['buildx', 'build', '--progress=plain', ...args, '-'], { env, input });
  const made = await build(['-t', 'gantry-test/scanner'], SCANNER);
  assert.equal(made.code, 0, made.stderr);
  const attest = ['--attest', 'type=sbom,generator=gantry-test/scanner'];
  const dockerfile =
    'FROM busybox AS base\nRUN mkdir /r; echo 1 > /r/a; echo 2 > /r/b\nFROM scratch\nCOPY --from=base /r /\n';
  const out = join(folder, 'out');
  const local = await build([...attest, '-o', `type=local,dest=${out}`], dockerfile);
  assert.equal(local.code, 0, local.stderr);
  assert.match(local.stderr, /generating sbom using docker\.io\/gantry-test\/scanner:latest/);
  const statement = JSON.parse(readFileSync(join(out, 'sbom.spdx.json'), 'utf8'));
  assert.equal(statement.predicateType, 'https://spdx.dev/Document');
  assert.equal(statement.predicate.name, 'a b ');
  const image = await build([...attest, '-t', 'gantry-test/scanned'], dockerfile);
  assert.equal(image.code, 0, image.stderr);
  assert.match(image.stderr, /exporting attestation manifest/);
  const both = await build([...attest, '--provenance=true', '-o', `type=local,dest=${out}`], dockerfile);
  assert.equal(both.code, 0, both.stderr);
  const { materials } = JSON.parse(readFileSync(join(out, 'provenance.json'), 'utf8')).predicate;
  assert.ok(materials.some(({ uri = '' }) => uri.startsWith('pkg:docker/gantry-test/scanner@latest')));
  const missing = await build(['--sbom=true'], dockerfile);
  assert.equal(missing.code, 1);
  assert.match(
    missing.stderr,
    /failed to load the scanner docker\.io\/docker\/buildkit-syft-scanner:stable-1: .*generator=IMAGE/,
  );
});

const EXTRAS_SCANNER = `FROM busybox
COPY <<"END" /scan
put() {
  printf '%s' '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"files":"' > $1
  printf '%s"}}' "$(echo $(ls $2)) $BUILDKIT_SCAN_WITH $(touch $2/x 2>/dev/null && echo writable)" >> $1
}
for each in $BUILDKIT_SCAN_SOURCE \${BUILDKIT_SCAN_SOURCE_EXTRAS:-/none}/*; do
  [ ! -e $each ] || put $BUILDKIT_SCAN_DESTINATION/$(basename $each).spdx.json $each
done
END
CMD ["sh", "/scan"]
`;

const STAGES = `ARG BUILDKIT_SBOM_SCAN_STAGE=one,three
FROM busybox AS busy
FROM scratch AS one
COPY a /in-one
FROM scratch AS two
COPY a /in-two
FROM two AS three
COPY a /in-three
FROM three AS four
ARG BUILDKIT_SBOM_SCAN_STAGE=false
FROM scratch AS never
ARG BUILDKIT_SBOM_SCAN_STAGE=true
COPY b /in-never
FROM scratch
ARG BUILDKIT_SBOM_SCAN_CONTEXT
COPY --from=one /in-one /
COPY --from=four /in-three /
`;

for (const client of ['buildx', 'gantry'] as const) {
  test(`a scanner looks into stages and the context (${client})`, {
    skip: client === 'buildx' && lacksPlugins('new'),
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-sbom-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const context = join(folder, 'context');
    mkdirSync(context);
    for (const name of ['a', 'b']) writeFileSync(join(context, name), name);
    writeFileSync(join(context, 'Dockerfile'), STAGES);
    const made = await engine().gantry(['build', '-t', 'gantry-test/extras-scanner', '-'], { input: EXTRAS_SCANNER });
    assert.equal(made.code, 0, made.stderr);
    const out = join(folder, 'out');
    const scanned = async (args: readonly string[]): Promise<object> => {
      rmSync(out, { recursive: true, force: true });
      const all = ['--attest', 'type=sbom,generator=gantry-test/extras-scanner,WITH=p', ...args, '-o', out, context];
      const env = { DOCKER_HOST: engine().host, DOCKER_CONFIG: pluginConfig(folder, 'new') };
      const { code, stderr } = await (client === 'gantry'
        ? engine().gantry(['build', ...all])
        : command('docker', ['buildx', 'build', ...all], { env }));
      assert.equal(code, 0, stderr);
      const statements = readdirSync(out).filter((name) => name.endsWith('.json'));
      return Object.fromEntries(
        statements.map((name) => [name, JSON.parse(readFileSync(join(out, name), 'utf8')).predicate.files.trim()]),
      );
    };
    const result = { 'sbom.spdx.json': 'in-one in-three p' };
    const one = { 'sbom-one.spdx.json': 'in-one p' };
    const three = { 'sbom-three.spdx.json': 'in-three in-two p' };
    assert.deepEqual(await scanned([]), { ...result, ...one, ...three });
    const whole = { 'sbom-context.spdx.json': 'a p' };
    const asked = ['--build-arg', 'BUILDKIT_SBOM_SCAN_CONTEXT=true'];
    assert.deepEqual(await scanned(asked), { ...result, ...one, ...three, ...whole });
    assert.deepEqual(await scanned(['--build-arg', 'BUILDKIT_SBOM_SCAN_STAGE=0']), result);
    assert.deepEqual(await scanned(['--build-arg', 'BUILDKIT_SBOM_SCAN_STAGE=T']), {
      ...{ ...result, ...one, ...three },
      ...{ 'sbom-two.spdx.json': 'in-two p', 'sbom-four.spdx.json': 'in-three in-two p' },
    });
  });
}

test('a list of a large image is taken', { skip: lacksPlugins('new') }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-sbom-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: pluginConfig(folder, 'new') };
  const head =
    '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"files":[';
  const scanner = `FROM busybox
RUN printf '%s' '${head}' > /s; yes '{"checksums":[{"algorithm":"SHA1"}]},' | head -n 60000 >> /s; echo '{}]}}' >> /s
CMD ["sh", "-c", "cp /s $BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"]
`;
  const build = (args: readonly string[], input: string) =>
    command('docker', ['buildx', 'build', '--progress=plain', ...args, '-'], { env, input });
  const made = await build(['-t', 'gantry-test/large-scanner'], scanner);
  assert.equal(made.code, 0, made.stderr);
  const out = join(folder, 'out');
  const attest = ['--attest', 'type=sbom,generator=gantry-test/large-scanner'];
  const built = await build([...attest, '-o', `type=local,dest=${out}`], 'FROM busybox\n');
  assert.equal(built.code, 0, built.stderr);
  assert.equal(JSON.parse(readFileSync(join(out, 'sbom.spdx.json'), 'utf8')).predicate.files.length, 60_001);
});

test('a scanner that writes without end fails its build', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-sbom-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const scanner = `FROM busybox
CMD ["sh", "-c", "i=0; while [ $i -lt 600 ]; do echo {} > $BUILDKIT_SCAN_DESTINATION/$i; i=$((i+1)); done"]
`;
  const made = await engine().gantry(['build', '-t', 'gantry-test/many-scanner', '-'], { input: scanner });
  assert.equal(made.code, 0, made.stderr);
  const args = ['build', '--attest', 'type=sbom,generator=gantry-test/many-scanner', '-o', join(folder, 'out'), '-'];
  const { code, stderr } = await engine().gantry(args, { input: 'FROM busybox\n' });
  assert.notEqual(code, 0);
  assert.match(stderr, /attestations of a result have more than 500 statements/);
});
