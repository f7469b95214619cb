import { apiCall } from '../../test/support/engine.ts';
import type { Figure } from '../figure.ts';
import { atOnce, docker, dockerOutput, medianOf } from '../measure.ts';
import { replay } from '../replay.ts';

const runRm = (network: string, target: string): Figure => ({
  name: `run --rm busybox true, ${network}`,
  unit: 'ms',
  target,
  measure: ({ host }) => medianOf(15, () => docker(host, ['run', '--rm', '--network', network, 'busybox', 'true'])),
});

const prefix = `bench-${process.pid}`;
const remove = async (host: string): Promise<void> => {
  const ids = (await dockerOutput(host, ['ps', '-aq', '--filter', `name=${prefix}`])).stdout
    .split('\n')
    .filter(Boolean);
  if (ids.length > 0) await docker(host, ['rm', '-f', ...ids]);
};

const createMany = (host: string, count: number): Promise<number> =>
  atOnce(count, 8, (index) => docker(host, ['create', '--name', `${prefix}-ps-${index}`, 'busybox', 'true']));

export const runFigures: readonly Figure[] = [
  runRm('bridge', '1/4 of the best peer'),
  runRm('none', '1/2 of the best peer'),
  runRm('host', '1/2 of the best peer'),
  {
    name: 'exec of true',
    unit: 'ms',
    target: '1/2 of the best peer',
    async measure({ host }) {
      await docker(host, ['run', '-d', '--name', `${prefix}-exec`, 'busybox', 'sleep', '1000']);
      const result = await medianOf(15, () => docker(host, ['exec', `${prefix}-exec`, 'true']));
      await remove(host);
      return result;
    },
  },
  {
    name: 'run -d per second, 10 CLIs at a time',
    unit: 'per s',
    target: '40',
    reference: { dockerd: 10, podman: 20 },
    async measure({ host }) {
      const total = 60;
      const milliseconds = await atOnce(total, 10, (index) =>
        docker(host, ['run', '-d', '--name', `${prefix}-many-${index}`, 'busybox', 'sleep', '1000']),
      );
      await remove(host);
      return (total * 1000) / milliseconds;
    },
  },
  {
    name: 'create and start per second by API, 10 at a time',
    unit: 'per s',
    target: '80',
    reference: { like: 'run -d per second, 10 CLIs at a time' },
    engines: ['gantry'],
    async measure({ host }) {
      const total = 200;
      const socketPath = host.slice('unix://'.length);
      const ids: string[] = [];
      const milliseconds = await atOnce(total, 10, async () => {
        const made = await apiCall(socketPath, 'POST', '/containers/create', {
          Image: 'busybox',
          Cmd: ['sleep', '1000'],
        });
        const { Id } = JSON.parse(made.body) as { readonly Id: string };
        ids.push(Id);
        const started = await apiCall(socketPath, 'POST', `/containers/${Id}/start`);
        if (started.status !== 204) throw new Error(started.body);
      });
      await Promise.all(ids.map((id) => apiCall(socketPath, 'DELETE', `/containers/${id}?force=1`)));
      return (total * 1000) / milliseconds;
    },
  },
  {
    name: 'rm -f of 50 running containers',
    unit: 's',
    target: '1',
    reference: { dockerd: 3.7, podman: 81 },
    async measure({ host }) {
      await atOnce(50, 10, (index) =>
        docker(host, ['run', '-d', '--name', `${prefix}-rm-${index}`, 'busybox', 'sleep', '1000']),
      );
      return (
        (await docker(host, ['rm', '-f', ...Array.from({ length: 50 }, (_, index) => `${prefix}-rm-${index}`)])) / 1000
      );
    },
  },
  {
    name: 'run -d with 100 published ports',
    unit: 's',
    target: '0.15',
    reference: { dockerd: 2.2 },
    async measure({ host }) {
      const publish = ['-p', '30000-30099:30000-30099'];
      const start = (): Promise<number> =>
        docker(host, ['run', '-d', '--name', `${prefix}-ports`, ...publish, 'busybox', 'sleep', '1000']);
      return (await medianOf(5, start, () => remove(host))) / 1000;
    },
  },
  {
    name: 'ps -a with 500 containers',
    unit: 'ms',
    target: '25 (peers with 50)',
    reference: { dockerd: 17, podman: 53 },
    async measure({ kind, host }) {
      const count = kind === 'gantry' ? 500 : 50;
      await createMany(host, count);
      const result = await medianOf(25, () => docker(host, ['ps', '-a']));
      await remove(host);
      return result;
    },
  },
  {
    name: 'of it, what the docker CLI takes with an answer at hand',
    unit: 'ms',
    target: '-',
    engines: ['gantry'],
    async measure({ host }) {
      await createMany(host, 500);
      await using answers = await replay(host);
      const result = await medianOf(25, () => docker(answers.host, ['ps', '-a']));
      await remove(host);
      return result;
    },
  },
];
