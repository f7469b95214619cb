import type { RuntimeSpec } from '../../src/spec/index.ts';

export interface MinimalSpec {
  readonly id: string;
  readonly rootfs: string;
  readonly args: readonly string[];
  readonly tty?: boolean;
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly resources?: RuntimeSpec['linux']['resources'];
  readonly cwd?: string;
  readonly namespaces?: RuntimeSpec['linux']['namespaces'];
}

/**
 * The smallest specification that an OCI runtime accepts: namespaces of its own, /proc and /dev, no network. For tests
 * below the spec builder.
 */
export function minimalSpec(options: MinimalSpec): RuntimeSpec {
  const caps = [
    'CAP_CHOWN',
    'CAP_DAC_OVERRIDE',
    'CAP_FOWNER',
    'CAP_KILL',
    'CAP_SETGID',
    'CAP_SETUID',
    'CAP_SYS_CHROOT',
  ];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: options.tty ?? false,
      user: options.user ?? { uid: 0, gid: 0 },
      args: options.args,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'TERM=xterm'],
      cwd: options.cwd ?? '/',
      capabilities: { bounding: caps, effective: caps, permitted: caps },
    },
    root: { path: options.rootfs },
    hostname: 'test',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      {
        destination: '/dev',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
      },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
    ],
    linux: {
      namespaces: options.namespaces ?? [
        { type: 'pid' },
        { type: 'network' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
      ],
      cgroupsPath: `/gantry/${options.id}`,
      ...(options.resources !== undefined && { resources: options.resources }),
    },
  };
}
