import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tarArchive } from '../support/busybox-image.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { CLIS, loadBusybox, unique, useEngine } from '../support/fixture.ts';
import { send } from '../support/send.ts';

/** `POST /build?squash=1`, as dockerd does it in experimental mode. */

interface Inspected {
  readonly Id: string;
  readonly Parent: string;
  readonly RootFS: { readonly Layers: readonly string[] };
}

interface Entry {
  readonly CreatedBy: string;
  readonly Comment: string;
  readonly Size: number;
}

type Build = ReturnType<typeof buildsOn>;

function buildsOn(engine: TestEngine) {
  const get = async <T>(path: string): Promise<T> => JSON.parse((await engine.api('GET', path)).body) as T;
  return {
    /** Returns the messages of the build. */
    async build(name: string, dockerfile: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
      const archive = tarArchive([
        { name: 'Dockerfile', content: dockerfile },
        { name: 'file', content: 'content\n' },
      ]);
      const answer = await send(engine.socketPath, 'POST', `/build?squash=1&t=${name}`, archive);
      assert.equal(answer?.status, 200, answer?.body);
      return answer.body
        .trim()
        .split(/\r?\n/)
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    },
    inspect: (name: string) => get<Inspected>(`/images/${name}/json`),
    history: (name: string) => get<readonly Entry[]>(`/images/${name}/history`),
    run: (name: string, ...args: readonly string[]) => engine.ok('gantry', ['run', '--rm', name, ...args]),
  };
}

async function squashesOverABase({ build, inspect, history, run }: Build): Promise<void> {
  const name = unique('squashed');
  const messages = await build(
    name,
    [
      'FROM busybox',
      'RUN echo a > /a; echo b > /b; mkdir /d; echo 1 > /d/1; echo 2 > /d/2; chmod 700 /d',
      'RUN rm /a /d/1; echo c > /etc/c; rm -r /home',
      'COPY file /b',
      'ENV X=1',
    ].join('\n'),
  );
  const base = await inspect('busybox');
  const image = await inspect(name);
  const steps = messages.flatMap(({ aux, id }) => (aux === undefined ? [] : [[id, (aux as { ID: string }).ID]]));
  const top = String(steps[0]?.[1]);
  assert.deepEqual(steps, [
    [undefined, top],
    ['moby.image.id', image.Id],
  ]);
  assert.equal(image.Parent, '');
  assert.deepEqual(image.RootFS.Layers.slice(0, -1), base.RootFS.Layers);
  const entries = await history(name);
  assert.equal(entries[0]?.Comment, `merge ${top} to ${base.Id}`);
  assert.equal(entries[0].CreatedBy, '');
  assert.ok(entries[0].Size > 0);
  assert.deepEqual(
    entries.slice(1, 5).map(({ Size, CreatedBy }) => [Size, CreatedBy.split(' ')[2]]),
    [
      [0, '#(nop)'],
      [0, '#(nop)'],
      [0, 'rm'],
      [0, 'echo'],
    ],
  );
  assert.equal(entries[5]?.CreatedBy, (await history('busybox'))[0]?.CreatedBy);
  const shown = await run(name, 'sh', '-c', 'cat /b /etc/c /d/*; stat -c %a /d; echo $X; ls -d /a /home 2>&1 | wc -l');
  assert.equal(shown, 'content\nc\n2\n700\n1\n2');
}

async function squashesOverNothing({ build, inspect, history }: Build): Promise<void> {
  const name = unique('squashed');
  const messages = await build(name, 'FROM scratch\nCOPY file /x\nCOPY file /y\nLABEL a=b');
  const top = messages.flatMap(({ aux }) => (aux === undefined ? [] : [(aux as { ID: string }).ID]))[0];
  assert.equal((await inspect(name)).RootFS.Layers.length, 1);
  const entries = await history(name);
  assert.equal(entries[0]?.Comment, `create new from ${top}`);
  assert.deepEqual(
    entries.map(({ Size }) => Size > 0),
    [true, false, false, false],
  );
  // The squashed image has no parent, and is no step on an empty image.
  const other = unique('squashed');
  await build(other, 'FROM scratch\nLABEL a=b\nCOPY file /z');
  assert.equal((await history(other)).length, 3);
}

async function addsNoEmptyLayer({ build, inspect, history }: Build): Promise<void> {
  const name = unique('squashed');
  await build(name, 'FROM busybox AS a\nRUN touch /x\nFROM a\nRUN touch /y\nRUN rm /y\nLABEL a=b');
  const base = await inspect('busybox');
  const { RootFS } = await inspect(name);
  assert.deepEqual(RootFS.Layers.slice(0, base.RootFS.Layers.length), base.RootFS.Layers);
  const [entry] = await history(name);
  assert.match(entry?.Comment ?? '', /^merge sha256:[0-9a-f]{64} to sha256:[0-9a-f]{64}$/);
  await build(name, 'FROM busybox\nLABEL only=labels');
  assert.deepEqual((await inspect(name)).RootFS.Layers, base.RootFS.Layers);
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`a squashed image has one layer over its base, on ${driver}`, async (t) => {
    await using engine = await startEngine({ flags: ['--experimental', '--storage-driver', driver] });
    await loadBusybox(engine);
    const builds = buildsOn(engine);
    await t.test('which has all changes', () => squashesOverABase(builds));
    await t.test('over nothing too', () => squashesOverNothing(builds));
    await t.test('and none where nothing has changed', () => addsNoEmptyLayer(builds));
    await t.test(
      'with docker build --squash',
      { skip: CLIS.includes('docker') ? false : 'no docker CLI' },
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
        try {
          writeFileSync(join(folder, 'Dockerfile'), 'FROM busybox\nRUN echo 1 > /1\nRUN echo 2 > /2\n');
          const name = unique('squashed');
          await engine.ok('docker', ['build', '--squash', '-t', name, folder], { env: { DOCKER_BUILDKIT: '0' } });
          assert.equal(
            (await builds.inspect(name)).RootFS.Layers.length,
            (await builds.inspect('busybox')).RootFS.Layers.length + 1,
          );
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
    );
  });
}

const plain = useEngine();

test('without --experimental it is refused, and gantry build says that BuildKit has no such flag', async () => {
  const answer = await send(plain().socketPath, 'POST', '/build?squash=1', Buffer.alloc(0));
  assert.deepEqual(
    [answer?.status, JSON.parse(answer?.body ?? '')],
    [400, { message: 'squash is only supported with experimental mode' }],
  );
  const folder = mkdtempSync(join(tmpdir(), 'gantry-build-'));
  try {
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
    const { code, stderr } = await plain().gantry(['build', '--squash', folder]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^WARNING: the flag squash is experimental, and BuildKit has it no more: /m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
