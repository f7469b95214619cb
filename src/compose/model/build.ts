import { environment, hosts, mapping, sshKeys, textOrList, texts } from './collections.ts';
import { type Kind, list, mapOf, optional, refuse, type TypeOf } from './kind.ts';
import { type Output, OutputMap } from './output.ts';
import { bool, bytes, fileMode, integer, text } from './scalars.ts';
import { struct } from './struct.ts';
import { isMapping, type Value } from './value.ts';

/** How a service uses a secret or a config of the project. */
export const fileReference = struct({
  source: text,
  target: text,
  uid: text,
  gid: text,
  mode: fileMode,
});
export type FileReference = TypeOf<typeof fileReference>;

export interface Ulimit {
  readonly single: number;
  readonly soft: number;
  readonly hard: number;
}

/** One number for both limits, or each of them. */
export const ulimit: Kind<Ulimit> = {
  read: (value, place) => {
    if (typeof value === 'bigint') return { single: Number(value), soft: 0, hard: 0 };
    if (!isMapping(value)) return refuse(value, place, 'an integer, or a mapping with soft and hard');
    const limit = (key: string): number => readLimit(value.get(key), (given) => refuse(given, place, 'an integer'));
    return { single: 0, soft: limit('soft'), hard: limit('hard') };
  },
  isEmpty: () => false,
  write: ({ single, soft, hard }, format): Output => {
    if (single !== 0) return single;
    const limits = [['soft', soft] as const, ['hard', hard] as const];
    return new OutputMap(format === 'yaml' ? limits : limits.filter(([, limit]) => limit !== 0));
  },
  absent: () => null,
};

function readLimit(value: Value | undefined, refused: (value: Value) => never): number {
  if (value === undefined) return 0;
  return typeof value === 'bigint' ? Number(value) : refused(value);
}

export const buildConfig = struct({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: texts,
  args: environment,
  provenance: text,
  sbom: text,
  ssh: sshKeys,
  labels: mapping,
  cache_from: textOrList,
  cache_to: textOrList,
  no_cache: bool,
  additional_contexts: mapping,
  pull: bool,
  extra_hosts: hosts,
  isolation: text,
  network: text,
  target: text,
  secrets: list(fileReference),
  shm_size: bytes,
  tags: textOrList,
  ulimits: mapOf(ulimit),
  platforms: textOrList,
  privileged: bool,
});
export type BuildConfig = TypeOf<typeof buildConfig>;

export const optionalInteger = optional(integer);
export const optionalBool = optional(bool);
