import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageInspect, ImageSummary } from '../../images/index.ts';
import { imageInspectFor, imageListFor } from './image-shapes.ts';

const inspected = { Id: 'i', Config: { Volumes: { '/data': {} } }, Size: 5 } as unknown as ImageInspect;
const Descriptor = { mediaType: 'm', digest: 'd', size: 1 };
const listed = { Id: 'i', RepoTags: [], RepoDigests: [], Size: 5 } as unknown as ImageSummary;

test('image inspect has ContainerConfig before 1.45 and VirtualSize before 1.44', () => {
  assert.deepEqual(imageInspectFor('1.45', inspected), inspected);
  const between = imageInspectFor('1.44', inspected) as Record<string, unknown>;
  assert.deepEqual(between['ContainerConfig'], inspected.Config);
  assert.equal('VirtualSize' in between, false);
  assert.equal((imageInspectFor('1.24', inspected) as Record<string, unknown>)['VirtualSize'], 5);
});

test('the descriptor is there from 1.48 on, manifests from 1.47 in the list and 1.48 in inspect', () => {
  const Manifests: [] = [];
  const described = { ...inspected, Descriptor, Manifests } as unknown as ImageInspect;
  assert.deepEqual(imageInspectFor('1.48', described), described);
  assert.deepEqual(imageInspectFor('1.47', described), inspected);
  const summary = { ...listed, Descriptor, Manifests } as unknown as ImageSummary;
  assert.deepEqual(imageListFor('1.48', [summary]), [summary]);
  assert.deepEqual(imageListFor('1.47', [summary]), [{ ...listed, Manifests }]);
  assert.deepEqual(imageListFor('1.46', [summary]), [listed]);
});

test('from 1.50 on an image has no fields that only containers fill', () => {
  const Config = { Hostname: 'h', Tty: true, Image: 'i', StdinOnce: false, User: '', Env: null, Cmd: ['sh'] };
  const image = { Id: 'i', Config, Descriptor } as unknown as ImageInspect;
  assert.deepEqual(imageInspectFor('1.49', image), image);
  assert.deepEqual(imageInspectFor('1.50', image), { ...image, Config: { User: '', Env: null, Cmd: ['sh'] } });
});

test('from 1.52 on an image has no fields that nobody filled', () => {
  const Config = { User: '', Env: [], Cmd: ['sh'], Labels: {}, Volumes: null, ExposedPorts: {} };
  const image = { Id: 'i', Parent: '', Comment: 'c', Author: '', Config, Descriptor } as unknown as ImageInspect;
  const shown = { Id: 'i', Comment: 'c', Config: { Cmd: ['sh'], ExposedPorts: {} }, Descriptor };
  assert.deepEqual(imageInspectFor('1.52', image), shown);
});

test('the list of images names the nameless before 1.43', () => {
  assert.deepEqual(imageListFor('1.44', [listed]), [listed]);
  assert.deepEqual(imageListFor('1.43', [listed]), [{ ...listed, VirtualSize: 5 }]);
  assert.deepEqual(imageListFor('1.42', [listed]), [
    { ...listed, VirtualSize: 5, RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] },
  ]);
});
