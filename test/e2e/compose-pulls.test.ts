import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { composeProject, GANTRY } from '../support/compose-project.ts';
import { useEngine } from '../support/fixture.ts';
import { gantryRegistry } from '../support/gantry-registry.ts';

const engine = useEngine();

for (const tool of ['gantry', 'docker'] as const) {
  const skip = tool === 'docker' && lacksPlugins('new');
  test(`${tool} compose: pull_policy daily asks no registry for an image that was loaded, tagged or pulled today`, {
    skip,
  }, async (t) => {
    const config = mkdtempSync(join(tmpdir(), 'gantry-pulls-'));
    t.after(() => rmSync(config, { recursive: true, force: true }));
    const registry = await gantryRegistry();
    const name = `${registry.host}/daily`;
    const app = composeProject(t, engine(), {
      'compose.yaml': `services: { web: { image: "${name}", command: sleep 1000, pull_policy: daily, stop_grace_period: 0s } }`,
    });
    const up = async (): Promise<number> => {
      const words = ['compose', '-p', app.name, '-f', join(app.folder, 'compose.yaml'), 'up', '-d'];
      const env = { ...app.env, DOCKER_CONFIG: pluginConfig(config, 'new') };
      return (await command(tool === 'docker' ? 'docker' : GANTRY, words, { env })).code;
    };
    await engine().ok('gantry', ['tag', 'busybox', name]);
    await engine().ok('gantry', ['push', name]);
    await engine().ok('gantry', ['rmi', name]);
    assert.equal(await up(), 0, 'it is pulled');
    await registry[Symbol.asyncDispose]();
    assert.equal(await up(), 0, 'it was pulled today');
    await engine().stop();
    await engine().start();
    assert.equal(await up(), 0, 'so it was before the restart');
    const archive = join(config, 'image.tar');
    await engine().ok('gantry', ['save', '-o', archive, name]);
    await app.compose('down', '-t', '0');
    await engine().ok('gantry', ['rmi', name]);
    assert.notEqual(await up(), 0, 'the registry is gone');
    await engine().ok('gantry', ['load', '-i', archive]);
    assert.equal(await up(), 0, 'it was loaded today');
    await app.compose('down', '-t', '0');
    await engine().ok('gantry', ['rmi', name]);
  });
}
