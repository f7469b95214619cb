import { Readable } from 'node:stream';
import { notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { RuntimeProcess } from '../../spec/index.ts';
import type { StoredImage } from '../../store/index.ts';
import type { MountRecord } from '../model/record.ts';
import type { PlannedMount } from '../plan/planner.ts';
import type { Rules } from '../world.ts';

export const FAKE_IMAGE_ID = `sha256:${'a'.repeat(64)}` as Digest;

/**
 * Rules that add nothing: the container gets what the request says. Binds are `volume:/path` or `volume/sub:/path`; ''
 * stands for an anonymous volume.
 */
export function fakeRules(): Rules {
  let names = 0;
  let volumes = 0;
  return {
    planner: {
      plan: ({ body }) => {
        if (body.Image !== 'busybox') throw notFound('image', body.Image ?? '');
        const { HostConfig: hostConfig = {}, NetworkingConfig: networking, ...config } = body;
        const mounts = (hostConfig.Binds ?? []).map((bind): PlannedMount => {
          const [source = '', destination = ''] = bind.split(':');
          const [name = '', subpath] = source.split('/');
          volumes += 1;
          return planned(name === '' ? `anonymous${volumes}` : name, destination, { anonymous: name === '', subpath });
        });
        return {
          image: IMAGE,
          path: config.Cmd?.[0] ?? 'sh',
          args: config.Cmd?.slice(1) ?? [],
          config,
          hostname: config.Hostname,
          hostConfig,
          networks: (networking?.EndpointsConfig ?? {}) as Record<string, object>,
          mounts,
          platform: { os: 'linux', architecture: 'amd64' },
          warnings: [],
        };
      },
      checkUpdate: (change) => ({ resources: change, warnings: [] }),
      randomName: () => {
        names += 1;
        return `random_name${names}`;
      },
    },
    specs: {
      container: async ({ rootfs, record }) => ({
        ociVersion: '1.0.2',
        process: processOf([record.path, ...record.args]),
        root: { path: rootfs },
        mounts: [],
        linux: { namespaces: [] },
      }),
      exec: async (_record, exec) => processOf([exec.entrypoint, ...exec.arguments]),
    },
    readLog: () => Readable.from([]),
    listRules: {
      matcher: async () => ({ showsAll: false, matches: () => true }),
      pruneMatcher: () => () => true,
      imageNamer: () => (record) => record.config.Image ?? '',
      statusText: () => '',
    },
  };
}

function planned(
  name: string,
  destination: string,
  { anonymous, subpath }: { readonly anonymous: boolean; readonly subpath: string | undefined },
): PlannedMount {
  const mount: MountRecord = {
    Type: 'volume',
    Name: name,
    Source: '',
    Destination: destination,
    Driver: 'local',
    Mode: '',
    RW: true,
    Propagation: '',
    copyUp: true,
    anonymous,
    ...(subpath === undefined ? {} : { subpath }),
  };
  return { mount, volume: { name, ...(anonymous ? { labels: { 'com.docker.volume.anonymous': '' } } : {}) } };
}

function processOf(args: readonly string[]): RuntimeProcess {
  return { terminal: false, user: { uid: 0, gid: 0 }, args, env: [], cwd: '/' };
}

const DESCRIPTOR = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: FAKE_IMAGE_ID, size: 2 };

const IMAGE: StoredImage = {
  id: FAKE_IMAGE_ID,
  manifest: { schemaVersion: 2, config: DESCRIPTOR, layers: [] },
  manifestDescriptor: DESCRIPTOR,
  config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  target: DESCRIPTOR,
  parent: undefined,
  siblings: [],
  names: ['docker.io/library/busybox:latest'],
  repoDigests: [],
  addedAt: '2024-01-01T00:00:00Z',
  lastTaggedAt: '2024-01-01T00:00:00Z',
};
