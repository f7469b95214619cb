import { optionalBool } from './build.ts';
import { mapping, options, textMap, texts } from './collections.ts';
import { type Kind, list, type TypeOf } from './kind.ts';
import { bool, integer, text } from './scalars.ts';
import { type Service, service } from './service.ts';
import { embedded, struct } from './struct.ts';
import type { Mapping } from './value.ts';

const ipamPool = struct({ subnet: text, gateway: text, ip_range: text, aux_addresses: mapping }, { extensions: false });

export const network = struct({
  name: text,
  driver: text,
  driver_opts: options,
  ipam: embedded(struct({ driver: text, config: list(ipamPool) })),
  external: bool,
  internal: bool,
  attachable: bool,
  labels: mapping,
  enable_ipv4: optionalBool,
  enable_ipv6: optionalBool,
});
export type Network = TypeOf<typeof network>;

export const volume = struct({
  name: text,
  driver: text,
  driver_opts: options,
  external: bool,
  labels: mapping,
});
export type Volume = TypeOf<typeof volume>;

const fileFields = {
  name: text,
  file: text,
  environment: text,
  content: text,
  external: bool,
  labels: mapping,
  driver: text,
  driver_opts: textMap,
  template_driver: text,
} as const;
const file = struct(fileFields);
type ProjectFile = TypeOf<typeof file>;

/** The value of a secret from a variable is never printed. */
export const secret: Kind<ProjectFile> = {
  ...file,
  write: ({ content: _, ...value }, format) => file.write(value, format),
};
export type Secret = ProjectFile;

/** The content of a config from a variable is not printed either: the variable is its source. */
export const config: Kind<ProjectFile> = {
  ...file,
  write: (value, format) => {
    const { content: _, ...withoutContent } = value;
    return file.write((value.environment ?? '') === '' ? value : withoutContent, format);
  },
};
export type Config = ProjectFile;

export const model = struct({ name: text, model: text, context_size: integer, runtime_flags: texts });
export type Model = TypeOf<typeof model>;

export type Table<T> = ReadonlyMap<string, T>;

/** A loaded project. Names of fields within are those of the Compose specification. */
export interface Project {
  readonly name: string;
  /** What is between the parts of names of containers and images: `_` as with docker-compose 1. Default: `-`. */
  readonly separator?: '-' | '_';
  /** The folder to which relative paths relate, absolute. */
  readonly workingDir: string;
  /** The files of the project, absolute, in their order. */
  readonly files: readonly string[];
  readonly services: Table<Service>;
  /** Services that no active profile has. */
  readonly disabledServices: Table<Service>;
  readonly networks: Table<Network>;
  readonly volumes: Table<Volume>;
  readonly secrets: Table<Secret>;
  readonly configs: Table<Config>;
  readonly models: Table<Model>;
  /** The `x-` keys of the top level. */
  readonly extensions: Mapping;
  /** Variables for interpolation. */
  readonly environment: ReadonlyMap<string, string>;
  readonly profiles: readonly string[];
}

/** The tables of a project, each with the kind of its entries. */
export const TABLES = {
  services: service,
  networks: network,
  volumes: volume,
  secrets: secret,
  configs: config,
  models: model,
} as const;
