import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { command } from '../../support/command.ts';
import { arrivals } from './arrivals.ts';
import { CASES, ENV, LABELS, type LogCase, SCRIPT } from './log-cases.ts';

const NAME = 'rec-logs';

/** Records what a dockerd sends to receivers of logs. The receivers are on its host. Returns the number of cases. */
export async function recordLogDrivers(host: string): Promise<number> {
  const blocks: string[] = [];
  for (const each of CASES)
    blocks.push(`# ${each.name}\n${await arrivals(each, (options) => run(host, each, options))}\n`);
  writeFileSync(new URL('./log-drivers.dockerd.txt', import.meta.url), blocks.join('\n'));
  return CASES.length;
}

async function run(host: string, { receiver }: LogCase, options: Readonly<Record<string, string>>) {
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await command('docker', args, { env: { DOCKER_HOST: host } });
    if (code !== 0) throw new Error(`docker ${args[0]}: ${stderr}`);
    return stdout.trim();
  };
  const flags = [
    `--log-driver=${receiver.split('-')[0]}`,
    ...Object.entries(options).map(([name, value]) => `--log-opt=${name}=${value}`),
    ...Object.entries(LABELS).map(([name, value]) => `--label=${name}=${value}`),
    ...ENV.map((pair) => `--env=${pair}`),
  ];
  const id = await docker('create', `--name=${NAME}`, ...flags, 'busybox', 'sh', '-c', SCRIPT);
  try {
    const [created = '', image = ''] = (await docker('inspect', '-f', '{{.Created}} {{.Image}}', id)).split(' ');
    await docker('start', '-a', id);
    return { id, 'short id': id.slice(0, 12), created, image, host: hostname() };
  } finally {
    await docker('rm', '-f', id);
  }
}
