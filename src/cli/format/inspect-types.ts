import { GoTime, goMap, isObject, NIL_MAP, NIL_SLICE, type Value } from '../../base/template/value.ts';

/** Fields that are maps in Docker's types. All other objects are structs. */
const MAPS: ReadonlySet<string> = new Set([
  'Labels',
  'Annotations',
  'Ports',
  'PortBindings',
  'ExposedPorts',
  'Volumes',
  'Networks',
  'Options',
  'DriverOpts',
  'Sysctls',
  'Tmpfs',
  'StorageOpt',
  'Data',
  'Containers',
  'Status',
  'AuxiliaryAddresses',
  'Config.LogConfig',
  'Services',
  'Attributes',
  'EndpointsConfig',
]);

/** The zero value of these maps' elements, when they are not text. */
const ELEMENTS: Readonly<Record<string, Value>> = {
  Ports: NIL_SLICE,
  PortBindings: NIL_SLICE,
  ExposedPorts: {},
  Volumes: {},
  Networks: null,
  EndpointsConfig: null,
};

/** Fields that are pointers in Docker's types. Absent ones are nil, not empty. */
const POINTERS: ReadonlySet<string> = new Set([
  'State',
  'HostConfig',
  'Config',
  'NetworkSettings',
  'Health',
  'Healthcheck',
  'OomKillDisable',
  'PidsLimit',
  'MemorySwappiness',
  'Init',
  'StopTimeout',
  'SizeRw',
  'SizeRootFs',
  'UsageData',
  'IPAMConfig',
  'ClusterVolume',
  'BindOptions',
  'VolumeOptions',
  'TmpfsOptions',
  'ImageOptions',
  'DriverConfig',
  'GraphDriver',
  'ContainerConfig',
  'Descriptor',
  'ImageManifestDescriptor',
]);

/** Fields of Docker's client types that the engine's JSON omits when they are empty. */
const OMITTED: readonly {
  readonly when: (value: Readonly<Record<string, Value>>) => boolean;
  readonly fields: () => Record<string, Value>;
}[] = [
  {
    when: (value) => 'Cmd' in value && 'Env' in value && 'WorkingDir' in value,
    fields: () => ({
      ExposedPorts: NIL_MAP,
      Volumes: NIL_MAP,
      Healthcheck: null,
      ArgsEscaped: false,
      NetworkDisabled: false,
      MacAddress: '',
      StopSignal: '',
      StopTimeout: null,
      Shell: NIL_SLICE,
      Labels: NIL_MAP,
      OnBuild: NIL_SLICE,
    }),
  },
  {
    when: (value) => 'RepoTags' in value && 'RootFS' in value,
    fields: () => ({
      Variant: '',
      OsVersion: '',
      VirtualSize: 0,
      Container: '',
      ContainerConfig: null,
      Descriptor: null,
      Manifests: NIL_SLICE,
    }),
  },
  {
    when: (value) => 'Path' in value && 'Args' in value && 'HostConfig' in value,
    fields: () => ({ SizeRw: null, SizeRootFs: null }),
  },
  {
    when: (value) => 'mediaType' in value && 'digest' in value && 'size' in value,
    fields: () => ({ urls: NIL_SLICE, annotations: NIL_MAP, data: NIL_SLICE, platform: null, artifactType: '' }),
  },
  { when: (value) => 'OOMKilled' in value && 'Pid' in value, fields: () => ({ Health: null }) },
  {
    when: (value) => 'NetworkMode' in value && 'RestartPolicy' in value,
    fields: () => ({
      Annotations: NIL_MAP,
      StorageOpt: NIL_MAP,
      Tmpfs: NIL_MAP,
      Sysctls: NIL_MAP,
      Mounts: NIL_SLICE,
      Init: null,
      Runtime: '',
    }),
  },
];

/**
 * Gives parsed JSON of an inspected object the shape of Docker's Go types in templates: null lists print as `[]`, maps
 * are sorted and printed as maps, and omitted fields exist.
 */
export function typeInspected(value: Value, key = ''): Value {
  if (Array.isArray(value)) return value.map((item) => typeInspected(item));
  if (value === null) return nullOf(key);
  if (!isObject(value)) return value;
  const typed: Record<string, Value> = {};
  for (const [name, item] of Object.entries(value))
    typed[name] = isMapField(key, name, item) ? typeMap(item, name) : typeInspected(item, name);
  // The one time that Docker's types hold as a time and not as text.
  if (typeof typed['LastTagTime'] === 'string') typed['LastTagTime'] = new GoTime(typed['LastTagTime']);
  // The field's name in Go.
  if ('Id' in typed && !('ID' in typed)) Object.defineProperty(typed, 'ID', { value: typed['Id'], enumerable: false });
  for (const { when, fields } of OMITTED) {
    if (!when(value)) continue;
    for (const [name, item] of Object.entries(fields()))
      if (!(name in typed)) Object.defineProperty(typed, name, { value: item, enumerable: false });
  }
  return typed;
}

function isMapField(parent: string, name: string, item: Value): boolean {
  if (item === null) return MAPS.has(name);
  return isObject(item) && (MAPS.has(name) || (parent === 'LogConfig' && name === 'Config'));
}

function typeMap(item: Value, name: string): Value {
  if (!isObject(item)) return NIL_MAP;
  const entries = Object.entries(item).map(([name, each]) => [name, typeInspected(each)]);
  return goMap(Object.fromEntries(entries), ELEMENTS[name] ?? '');
}

function nullOf(key: string): Value {
  if (MAPS.has(key)) return NIL_MAP;
  return POINTERS.has(key) ? null : NIL_SLICE;
}
