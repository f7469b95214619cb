import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { unique, useEngine } from '../support/fixture.ts';

// Builds by the real buildx on the storage driver vfs, whose layers are whole trees.
const engine = useEngine({ flags: ['--storage-driver', 'vfs'] });
const options = { skip: lacksPlugins('new') };

interface Project {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  /** Returns what buildx has printed. */
  build(args: readonly string[]): Promise<string>;
}

function project(t: TestContext, files: Readonly<Record<string, string>>): Project {
  const base = mkdtempSync(join(tmpdir(), 'gantry-vfs-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: pluginConfig(base, 'new') };
  const folder = join(base, 'context');
  const write: Project['write'] = (given) => {
    for (const [name, text] of Object.entries(given)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  write(files);
  return {
    ...{ folder, write },
    async build(args) {
      const { code, stderr } = await command('docker', ['buildx', 'build', '--progress=plain', ...args, folder], {
        env,
      });
      assert.equal(code, 0, stderr);
      return stderr;
    },
  };
}

const run = (image: string, script: string): Promise<string> =>
  engine().ok('gantry', ['run', '--rm', image, 'sh', '-c', script]);

test('stages, copies, links and removed files end as on overlay', options, async (t) => {
  const { build } = project(t, {
    Dockerfile: `FROM busybox AS made
RUN mkdir -p /d/sub && echo 1 >/d/1 && echo 2 >/d/sub/2 && ln /d/1 /d/hard && ln -s 1 /d/soft && chown -R 5:6 /d
RUN rm /d/1 && chmod 700 /d/sub
FROM busybox
RUN echo base >/kept && echo gone >/gone
COPY --from=made --link /d /linked
COPY --from=made --chown=7 /d /copied
COPY <<EOF /here
document
EOF
RUN rm /gone && rm -r /home
`,
  });
  const image = unique('vfs');
  await build(['-t', image]);
  assert.equal(
    await run(
      image,
      'ls /linked /gone /home 2>&1; cat /copied/hard /linked/sub/2 /here /kept; stat -c %u:%a /linked/sub /copied/sub',
    ),
    [
      ...['ls: /gone: No such file or directory', 'ls: /home: No such file or directory'],
      ...['/linked:', 'hard', 'soft', 'sub', '1', '2', 'document', 'base', '5:700', '7:700'],
    ].join('\n'),
  );
  await engine().ok('gantry', ['rmi', '-f', image]);
});

test('a rebuild takes what has not changed from the cache, and mounts keep their files', options, async (t) => {
  const { build, write } = project(t, {
    Dockerfile: `FROM busybox
RUN --mount=type=cache,target=/c,id=vfs echo run >>/c/runs
COPY a /a
RUN --mount=type=cache,target=/c,id=vfs --mount=type=bind,target=/m cat /m/b /c/runs >/result
`,
    a: 'a\n',
    b: 'b\n',
  });
  const image = unique('vfs');
  await build(['-t', image]);
  assert.equal((await build(['-t', image])).match(/^#\d+ CACHED$/gm)?.length, 4);
  write({ a: 'changed\n' });
  assert.equal((await build(['-t', image])).match(/^#\d+ CACHED$/gm)?.length, 2);
  assert.equal(await run(image, 'cat /a /result'), 'changed\nb\nrun');
  await engine().ok('gantry', ['rmi', '-f', image]);
});

test('results go to the client, and archives unpack', options, async (t) => {
  const { folder, build } = project(t, {
    Dockerfile: `FROM busybox AS packed
RUN mkdir /p && echo packed >/p/file && tar -czf /p.tgz -C /p file
FROM scratch
COPY --from=packed /p.tgz /
COPY --from=packed /p /p
`,
  });
  const out = join(folder, '../out');
  await build(['-o', `type=local,dest=${out}`]);
  assert.equal(readFileSync(join(out, 'p/file'), 'utf8'), 'packed\n');
  const oci = join(folder, '../out.tar');
  await build(['-o', `type=oci,dest=${oci}`]);
  assert.ok((await command('tar', ['-tf', oci])).stdout.includes('index.json'));
});
