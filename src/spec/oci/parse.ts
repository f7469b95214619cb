import { invalid } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import { isObject } from '../../base/is-object.ts';
import type { ContainerConfig } from '../engine/container.ts';
import type { Descriptor, ImageConfig, Index, Manifest, Platform } from './image.ts';

/**
 * Checks documents from a registry or an archive once, so that no other code has to. Unknown fields stay. Every
 * function throws EngineError invalid with the path of the wrong field.
 */

/** More layers than overlay mounts. It also limits the work that a hostile manifest causes. */
const LAYERS_MAX = 500;
const MANIFESTS_MAX = 1000;

type Json = Readonly<Record<string, unknown>>;

export function parseManifest(value: unknown): Manifest {
  const json = object(value, 'manifest');
  descriptor(json['config'], 'manifest.config');
  list(json['layers'], 'manifest.layers', LAYERS_MAX).forEach((layer, index) => {
    descriptor(layer, `manifest.layers[${index}]`);
  });
  return value as Manifest;
}

export function parseIndex(value: unknown): Index {
  const json = object(value, 'index');
  list(json['manifests'], 'index.manifests', MANIFESTS_MAX).forEach((entry, index) => {
    descriptor(entry, `index.manifests[${index}]`);
  });
  return value as Index;
}

/** Null fields that Docker's readers treat as absent are dropped. Architecture and os default to ''. */
export function parseImageConfig(value: unknown): ImageConfig {
  const json = object(value, 'image config');
  const rootfs = object(json['rootfs'], 'image config.rootfs');
  const diffIds = list(rootfs['diff_ids'] ?? [], 'image config.rootfs.diff_ids', LAYERS_MAX);
  diffIds.forEach((id, index) => {
    digest(id, `image config.rootfs.diff_ids[${index}]`);
  });
  for (const field of [
    'created',
    'author',
    'architecture',
    'os',
    'variant',
    'docker_version',
    'container',
    'comment',
  ]) {
    optional(json[field], `image config.${field}`, 'string');
  }
  const history = list(json['history'] ?? [], 'image config.history', 10 * LAYERS_MAX);
  history.forEach((entry, index) => {
    const fields = object(entry, `image config.history[${index}]`);
    for (const field of ['created', 'created_by', 'author', 'comment']) {
      optional(fields[field], `image config.history[${index}].${field}`, 'string');
    }
    optional(fields['empty_layer'], `image config.history[${index}].empty_layer`, 'boolean');
  });
  for (const field of ['config', 'container_config']) containerConfig(json[field], `image config.${field}`);
  const present = Object.fromEntries(Object.entries(json).filter(([, field]) => field !== null));
  return {
    architecture: '',
    os: '',
    ...present,
    rootfs: { type: 'layers', diff_ids: diffIds as readonly Digest[] },
  } as ImageConfig;
}

function containerConfig(value: unknown, path: string): asserts value is ContainerConfig | null | undefined {
  if (value === undefined || value === null) return;
  const json = object(value, path);
  for (const field of ['User', 'WorkingDir', 'StopSignal', 'Image', 'Hostname', 'Domainname', 'MacAddress']) {
    optional(json[field], `${path}.${field}`, 'string');
  }
  for (const field of ['Env', 'Cmd', 'Entrypoint', 'OnBuild', 'Shell']) strings(json[field], `${path}.${field}`);
  for (const field of ['ExposedPorts', 'Volumes']) {
    if (json[field] !== undefined && json[field] !== null) object(json[field], `${path}.${field}`);
  }
  stringMap(json['Labels'], `${path}.Labels`);
  optional(json['StopTimeout'], `${path}.StopTimeout`, 'number');
  optional(json['ArgsEscaped'], `${path}.ArgsEscaped`, 'boolean');
  if (json['Healthcheck'] !== undefined && json['Healthcheck'] !== null) {
    const health = object(json['Healthcheck'], `${path}.Healthcheck`);
    strings(health['Test'], `${path}.Healthcheck.Test`);
    for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']) {
      optional(health[field], `${path}.Healthcheck.${field}`, 'number');
    }
  }
}

function descriptor(value: unknown, path: string): asserts value is Descriptor {
  const json = object(value, path);
  if (json['mediaType'] !== undefined && typeof json['mediaType'] !== 'string') wrong(`${path}.mediaType`, 'a string');
  digest(json['digest'], `${path}.digest`);
  if (!Number.isSafeInteger(json['size']) || Number(json['size']) < 0) wrong(`${path}.size`, 'a size');
  stringMap(json['annotations'], `${path}.annotations`);
  strings(json['urls'], `${path}.urls`);
  if (json['platform'] !== undefined && json['platform'] !== null) platform(json['platform'], `${path}.platform`);
}

function platform(value: unknown, path: string): asserts value is Platform {
  const json = object(value, path);
  for (const field of ['os', 'architecture']) {
    if (typeof json[field] !== 'string') wrong(`${path}.${field}`, 'a string');
  }
  optional(json['variant'], `${path}.variant`, 'string');
}

function digest(value: unknown, path: string): asserts value is Digest {
  if (typeof value !== 'string' || !isDigest(value)) wrong(path, 'a digest');
}

function strings(value: unknown, path: string): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) wrong(path, 'a list of strings');
}

function stringMap(value: unknown, path: string): void {
  if (value === undefined || value === null) return;
  if (Object.values(object(value, path)).some((item) => typeof item !== 'string')) wrong(path, 'a map of strings');
}

function optional(value: unknown, path: string, type: 'string' | 'boolean' | 'number'): void {
  if (value !== undefined && value !== null && typeof value !== type) wrong(path, `a ${type}`);
}

function object(value: unknown, path: string): Json {
  if (!isObject(value)) wrong(path, 'an object');
  return value as Json;
}

function list(value: unknown, path: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) wrong(path, 'a list');
  if (value.length > max) throw invalid(`${path} has ${value.length} entries, at most ${max} are allowed`);
  return value;
}

function wrong(path: string, what: string): never {
  throw invalid(`${path} is not ${what}`);
}
