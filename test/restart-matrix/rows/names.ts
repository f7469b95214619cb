import assert from 'node:assert/strict';
import type { Row, Subject } from '../row.ts';

/** hostname, hosts and resolv.conf, in the container and in the engine's record. */
export const names: Row = {
  name: 'names',
  options: () => ['-h', 'chosen', '--add-host', 'other:10.9.8.7', '--dns', '10.1.2.3', '--dns-search', 'example.test'],
  async before(subject) {
    const before = await look(subject);
    assert.match(before, /chosen\n.*10\.9\.8\.7\tother.*ADDRESS\tchosen.*nameserver 10\.1\.2\.3/s);
    return async () => assert.equal(await look(subject), before);
  },
};

/** Replaces the container's own address by a name: another run may have another address. */
async function look({ shell, inspect }: Subject): Promise<string> {
  const { IPAddress } = (await inspect()).NetworkSettings;
  return (await shell('hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf')).replaceAll(
    `${IPAddress}\t`,
    'ADDRESS\t',
  );
}

/** The names of a linked container. */
export const links: Row = {
  name: 'links',
  options: ({ rowName }) => ['--link', `${rowName('names')}:linked`],
  async before({ shell, get }) {
    const target = 'ping -c 1 -W 5 linked';
    await shell(target);
    return async () => {
      await shell(target);
      const { NetworkSettings } = await get<{ NetworkSettings: { IPAddress: string } }>('/containers/row-names/json');
      assert.match(await shell('cat /etc/hosts'), new RegExp(`^${NetworkSettings.IPAddress}\tlinked`, 'm'));
    };
  },
};
