import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, parseDigest } from '../../base/ids.ts';
import type { ContainerConfig, HistoryEntry } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { ClassicImages, StepImage } from './ports.ts';
import { cacheKey, stepCache } from './step-cache.ts';

const digest = (digit: string): Digest => parseDigest(`sha256:${digit.repeat(64)}`);

interface Sketch {
  readonly parent?: StoredImage;
  readonly made?: ContainerConfig;
  readonly created?: string;
  readonly history?: readonly HistoryEntry[];
}

function image(digit: string, { parent, made, created = '2024', history = [] }: Sketch = {}): StoredImage {
  const config = {
    ...{ os: 'linux', architecture: 'amd64', created, history },
    ...(made === undefined ? {} : { container_config: made }),
    rootfs: {
      type: 'layers' as const,
      diff_ids: history.filter(({ empty_layer }) => empty_layer !== true).map(() => digest('9')),
    },
  };
  const layers = config.rootfs.diff_ids.map((each) => ({ mediaType: 'layer', digest: each, size: 1 }));
  const stored = { id: digest(digit), parent: parent?.id, config, manifest: { layers } };
  return stored as unknown as StoredImage;
}

/** Images that are there, with what is added and whose parents are set. */
function imagesOf(...list: readonly StoredImage[]) {
  const added: StepImage[] = [];
  const parents: Digest[] = [];
  const images: Pick<ClassicImages, 'find' | 'children' | 'add' | 'setParent'> = {
    find: (ref) => list.find(({ id }) => id === ref),
    children: (parent) => list.filter((each) => each.parent === parent),
    async add(step) {
      added.push(step);
      return image('f');
    },
    setParent: (_id, parent) => void parents.push(parent),
  };
  return { images: images as ClassicImages, added, parents };
}

test('the newest child with an equal configuration is the step’s image, until one misses', async () => {
  const base = image('0');
  const made: ContainerConfig = { Cmd: ['x'], Env: ['A=1'] };
  const [older, newer] = [image('1', { parent: base, made }), image('2', { parent: base, made, created: '2025' })];
  const { images } = imagesOf(base, older, newer, image('3', { parent: base, made: { Cmd: ['y'] } }));
  const cache = stepCache(images, { isOff: false, from: [] });
  assert.equal(await cache.find(base, made), newer);
  assert.equal(await cache.find(base, { ...made, Env: ['A=2'] }), undefined);
  assert.equal(await cache.find(base, made), undefined);
  cache.beginStage();
  assert.equal(await cache.find(base, made), newer);
  assert.equal(await stepCache(images, { isOff: true, from: [] }).find(base, made), undefined);
});

test('with cachefrom only steps count that an image of it stands on', async () => {
  const base = image('0');
  const made: ContainerConfig = { Cmd: ['x'] };
  const step = image('1', { parent: base, made });
  const other = image('2', { parent: base, made, created: '2025' });
  const top = image('3', { parent: step });
  const { images } = imagesOf(base, step, other, top);
  assert.equal(await stepCache(images, { isOff: false, from: [top.id] }).find(base, made), undefined);
  const { images: alone } = imagesOf(base, step, top);
  assert.equal(await stepCache(alone, { isOff: false, from: [top.id] }).find(base, made), step);
});

test('with cachefrom a pulled image gives its steps, whose images are made anew', async () => {
  const base = image('0', { history: [{ created_by: 'base' }] });
  const steps = [{ created_by: 'base' }, { created_by: 'x y', author: 'me' }, { created_by: 'z', empty_layer: true }];
  const pulled = image('1', { history: steps });
  const { images, added, parents } = imagesOf(base, pulled);
  const cache = stepCache(images, { isOff: false, from: [pulled.id] });
  await cache.find(base, { Cmd: ['x', 'y'] });
  assert.deepEqual(added[0]?.config.history, steps.slice(0, 2));
  assert.equal(added[0]?.layers.length, 2);
  assert.equal(added[0]?.parent, base.id);
  const second = image('2', { history: steps.slice(0, 2) });
  assert.equal(await cache.find(second, { Cmd: ['z'] }), pulled);
  assert.deepEqual(parents, [second.id]);
});

test('a configuration for a terminal never equals another, and the order of maps does not count', () => {
  assert.equal(cacheKey({ Tty: true }), undefined);
  assert.equal(cacheKey({ Labels: { a: '1', b: '2' } }), cacheKey({ Labels: { b: '2', a: '1' }, Image: 'x' }));
  assert.notEqual(cacheKey({ Env: ['A=1', 'B=2'] }), cacheKey({ Env: ['B=2', 'A=1'] }));
  assert.notEqual(cacheKey({ WorkingDir: '/a' }), cacheKey({ WorkingDir: '/b' }));
});
