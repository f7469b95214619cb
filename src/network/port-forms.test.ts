import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PortBinding, PortMap } from '../spec/index.ts';
import { networkFixture, sandboxRequest } from './testing/network-fixture.ts';
import { privateHost } from './testing/private-host.ts';

const outside = privateHost();
const fixture = await networkFixture();
after(async () => {
  await fixture[Symbol.asyncDispose]();
  outside[Symbol.dispose]();
});
const signal = new AbortController().signal;

/**
 * Ways to publish ports, in the form of `docker run -p` and `--expose` with `-P`. N is the port that the engine would
 * choose next. `gives` is the output of `docker port` with dockerd 28.5 after the start. `*` stands for a port that the
 * engine chose, the same one for all lines of one container port. dockerd refuses the rows marked `refusedByDocker`:
 * "all ports are allocated".
 */
interface Form {
  readonly publish: readonly string[];
  readonly expose?: readonly string[];
  readonly gives: readonly string[];
  readonly refusedByDocker?: true;
}

const everywhere = (port: string, hostPort: string): string[] => [
  `${port} -> 0.0.0.0:${hostPort}`,
  `${port} -> [::]:${hostPort}`,
];

const FORMS: readonly Form[] = [
  { publish: ['80', 'N:8080'], gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N')] },
  { publish: ['N:8080', '80'], gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N')] },
  { publish: ['80', 'N:80'], gives: [...everywhere('80/tcp', 'N'), ...everywhere('80/tcp', '*')] },
  {
    publish: ['N:8080'],
    expose: ['80/tcp'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N')],
  },
  { publish: ['80/udp', 'N:8080/udp'], gives: [...everywhere('80/udp', '*'), ...everywhere('8080/udp', 'N')] },
  { publish: ['80', 'N:8080/udp'], gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/udp', 'N')] },
  { publish: ['127.0.0.1::80', '127.0.0.1:N:8080'], gives: ['80/tcp -> 127.0.0.1:*', '8080/tcp -> 127.0.0.1:N'] },
  { publish: ['[::1]::80', '[::1]:N:8080'], gives: ['80/tcp -> [::1]:*', '8080/tcp -> [::1]:N'] },
  { publish: ['127.0.0.1::80', 'N:8080'], gives: ['80/tcp -> 127.0.0.1:*', ...everywhere('8080/tcp', 'N')] },
  { publish: ['80', '127.0.0.1:N:8080'], gives: [...everywhere('80/tcp', '*'), '8080/tcp -> 127.0.0.1:N'] },
  { publish: ['80', '[::1]:N:8080'], gives: [...everywhere('80/tcp', '*'), '8080/tcp -> [::1]:N'] },
  { publish: ['0.0.0.0::80', 'N:8080'], gives: ['80/tcp -> 0.0.0.0:*', ...everywhere('8080/tcp', 'N')] },
  { publish: ['[::]::80', 'N:8080'], gives: ['80/tcp -> [::]:*', ...everywhere('8080/tcp', 'N')] },
  { publish: ['N-N+1:80', 'N:8080'], gives: [...everywhere('80/tcp', 'N+1'), ...everywhere('8080/tcp', 'N')] },
  {
    publish: ['80', 'N:8080', 'N+1:8081'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N'), ...everywhere('8081/tcp', 'N+1')],
  },
  { publish: ['N-N:80', '8080'], gives: [...everywhere('80/tcp', 'N'), ...everywhere('8080/tcp', '*')] },
  { publish: ['127.0.0.1::80', '127.0.0.2::80'], gives: ['80/tcp -> 127.0.0.1:*', '80/tcp -> 127.0.0.2:*'] },
  { publish: ['127.0.0.1::80', '[::1]::80'], gives: ['80/tcp -> 127.0.0.1:*', '80/tcp -> [::1]:*'] },
  {
    publish: ['127.0.0.1:N-N+3:80', '[::1]:N-N+3:80', '127.0.0.1:N:81'],
    gives: ['80/tcp -> 127.0.0.1:N+1', '80/tcp -> [::1]:N+1', '81/tcp -> 127.0.0.1:N'],
  },
  {
    publish: ['127.0.0.1::80', '127.0.0.1:N:81', '127.0.0.2::80'],
    gives: ['80/tcp -> 127.0.0.1:*', '80/tcp -> 127.0.0.2:*', '81/tcp -> 127.0.0.1:N'],
  },
  {
    publish: ['80', 'N-N:8080'],
    expose: ['81/udp'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N'), ...everywhere('81/udp', '*')],
  },
  {
    publish: ['80', '80/udp', 'N-N:8080'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('80/udp', '*'), ...everywhere('8080/tcp', 'N')],
  },
  {
    publish: ['80', 'N-N:8080', 'N+1-N+1:8081'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('8080/tcp', 'N'), ...everywhere('8081/tcp', 'N+1')],
  },
  {
    publish: ['80', '81', 'N-N+1:8080'],
    gives: [...everywhere('80/tcp', '*'), ...everywhere('81/tcp', '*'), ...everywhere('8080/tcp', 'N')],
    refusedByDocker: true,
  },
  {
    publish: ['N-N+2:80', 'N-N+1:81', 'N-N+1:82'],
    gives: [...everywhere('80/tcp', 'N+2'), ...everywhere('81/tcp', 'N'), ...everywhere('82/tcp', 'N+1')],
    refusedByDocker: true,
  },
];

for (const { publish, expose = [], gives, refusedByDocker } of FORMS) {
  const flags = [
    ...publish.map((form) => `-p ${form}`),
    ...(expose.length > 0 ? [`-P --expose ${expose.join(',')}`] : []),
  ];
  const beyond = refusedByDocker === true ? ', which dockerd refuses' : '';
  test(`${flags.join(' ')} gets its ports, at the first start and after a restart${beyond}`, async () => {
    const attach = async (
      id: string,
      portBindings: PortMap,
      exposedPorts: readonly string[] = [],
    ): Promise<PortMap> => {
      const request = sandboxRequest(id, { portBindings, exposedPorts, publishAll: exposedPorts.length > 0 });
      return (await fixture.networks.attach(request, signal)).ports;
    };
    const key = publish.some((form) => form.endsWith('/udp')) ? '9/udp' : '9/tcp';
    // The engine chooses one port after the other: the port after the probe's is next.
    const next = Number((await attach('probe', { [key]: [{}] }))[key]?.[0]?.HostPort) + 1;
    for (const when of ['start', 'restart']) {
      const ports = await attach('web', bindings(publish, next), expose);
      assert.deepEqual(printed(ports, next, gives), gives.toSorted(), when);
    }
    for (const id of ['web', 'probe']) await fixture.networks.detach(id);
  });
}

/** Converts `127.0.0.1:N-N+1:80/udp` and the like to an API request. */
function bindings(publish: readonly string[], next: number): PortMap {
  const map: Record<string, PortBinding[]> = {};
  for (const form of publish) {
    const match = /^(?:(\[[^\]]+\]|[\d.]+):(?=.*:))?(?:([\dN+-]*):)?(\d+)(?:\/(\w+))?$/.exec(form);
    assert.ok(match !== null, form);
    const [, HostIp = '', host = '', port = '', protocol = 'tcp'] = match;
    const HostPort = host.replaceAll(/N(?:\+(\d))?/g, (_, plus: string | undefined) =>
      String(next + Number(plus ?? 0)),
    );
    map[`${port}/${protocol}`] = [...(map[`${port}/${protocol}`] ?? []), { HostIp, HostPort }];
  }
  return map;
}

/** The lines of `docker port`, sorted. Ports that `gives` names are relative to `next`, others are `*`. */
function printed(ports: PortMap, next: number, gives: readonly string[]): readonly string[] {
  const chosen = new Map<string, Set<number>>();
  const lines = Object.entries(ports).flatMap(([port, published]) =>
    (published ?? []).map(({ HostIp = '', HostPort }) => {
      const offset = Number(HostPort) - next;
      const head = `${port} -> ${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:`;
      const named = `${head}N${offset === 0 ? '' : `+${offset}`}`;
      if (gives.includes(named)) return named;
      chosen.set(port, (chosen.get(port) ?? new Set()).add(Number(HostPort)));
      return `${head}*`;
    }),
  );
  for (const [port, choice] of chosen) assert.equal(choice.size, 1, `one port for every address of ${port}`);
  return lines.sort();
}
