import assert from 'node:assert/strict';
import { command } from '../../support/command.ts';
import { eventually } from '../../support/fixture.ts';
import { nameServerPid } from '../../support/resources.ts';
import type { Row, Subject } from '../row.ts';

/** Names on a network: they resolve before, after, and while the daemon is down. */
export const containerNames: Row = {
  name: 'container-names',
  command: ['sleep', '1000'],
  async before(subject) {
    const { get, name, meanwhile } = subject;
    const network = await join(subject);
    const { State } = await subject.inspect();
    meanwhile(async ({ name: way, containersLive }) => {
      if (!containersLive || way.startsWith('kill -9 of')) return;
      const lookup = ['nslookup', '-type=a', name, '127.0.0.11'];
      const { code, stdout, stderr } = await command('nsenter', ['-t', String(State.Pid), '-m', '-n', ...lookup]);
      assert.equal(code, 0, `${way}: ${stdout}${stderr}`);
    });
    return async () => {
      const { Containers } = await get<Network>(`/networks/${network}`);
      const address = Containers[subject.id]?.IPv4Address.split('/')[0] ?? '';
      assert.match(await lookup(subject, name), new RegExp(`Address: ${address.replaceAll('.', '\\.')}$`, 'm'));
      assert.match(await lookup(subject, `alias-${name}.${network}`), /Address: /);
      assert.match(await subject.shell('cat /etc/resolv.conf'), /^nameserver 127\.0\.0\.11$/m);
    };
  },
};

/** The name server is killed: another has its sockets, and answers the query that waited. */
export const nameServer: Row = {
  name: 'name-server',
  command: ['sleep', '1000'],
  async before(subject) {
    await join(subject);
    await lookup(subject, subject.name);
    return async () => {
      await eventually(async () => {
        process.kill(nameServerPid(subject.engine), 'SIGKILL');
      });
      assert.match(await lookup(subject, subject.name), /Address: /);
    };
  },
};

interface Network {
  readonly Containers: Readonly<Record<string, { readonly IPv4Address: string }>>;
}

async function join({ id, name, post }: Subject): Promise<string> {
  const network = `names-${name}`;
  await post('/networks/create', { Name: network });
  await post(`/networks/${network}/connect`, { Container: id, EndpointConfig: { Aliases: [`alias-${name}`] } });
  return network;
}

function lookup({ exec }: Subject, name: string): Promise<string> {
  return exec('nslookup', '-type=a', name, '127.0.0.11');
}
