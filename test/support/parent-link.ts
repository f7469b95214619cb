import assert from 'node:assert/strict';
import { command } from './command.ts';

/** An interface of the host for macvlan networks. The host itself is the other machine on its network. */
export interface ParentLink extends AsyncDisposable {
  readonly name: string;
  readonly subnet: string;
  /** The host's address on the network. */
  readonly address: string;
  remove(): Promise<void>;
  make(): Promise<void>;
}

let serial = 0;

/** Makes a pair of linked interfaces: the parent, and one with an address of the host. */
export async function parentLink(): Promise<ParentLink> {
  serial++;
  const name = `gm${(process.pid % 100_000).toString(36)}x${serial}`;
  const octet = (process.pid + serial * 7) % 250;
  const address = `10.94.${octet}.1`;
  const ip = async (...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await command('ip', args);
    assert.equal(code, 0, `ip ${args.join(' ')}: ${stderr}`);
  };
  const remove = (): Promise<void> => ip('link', 'delete', name);
  const make = async (): Promise<void> => {
    await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}h`);
    await ip('address', 'add', `${address}/24`, 'dev', `${name}h`);
    for (const link of [name, `${name}h`]) await ip('link', 'set', link, 'up');
  };
  await make();
  return {
    ...{ name, subnet: `10.94.${octet}.0/24`, address, make, remove },
    async [Symbol.asyncDispose]() {
      await command('ip', ['link', 'delete', name]);
    },
  };
}
