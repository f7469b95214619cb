import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

/** `--network name=…,driver-opt=rate=…` and `network connect --driver-opt`. */

const engine = useEngine();
const FILE_KIB = 1500;
const LIMIT_BYTES = 1_250_000;
const SERVER = `mkdir /www && dd if=/dev/zero of=/www/file bs=1k count=${FILE_KIB} 2>/dev/null && exec httpd -f -p 80 -h /www`;

interface Endpoint {
  readonly IPAddress: string;
  readonly EndpointID: string;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
}

for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const endpoint = async (name: string, network: string): Promise<Endpoint> => {
    const text = await ok('inspect', '-f', `{{json (index .NetworkSettings.Networks "${network}")}}`, name);
    return JSON.parse(text) as Endpoint;
  };
  /** The rate of a download, as a share of the limit. */
  const share = async ({ IPAddress }: Endpoint): Promise<number> => {
    const response = await fetch(`http://${IPAddress}/file`);
    const startedAt = performance.now();
    const { byteLength } = await response.arrayBuffer();
    assert.equal(byteLength, FILE_KIB * 1024);
    return ((byteLength / (performance.now() - startedAt)) * 1000) / LIMIT_BYTES;
  };

  test(`${cli} run --network with a rate limits the traffic of that endpoint alone`, async () => {
    const [net, name] = [unique('net'), unique('c')];
    await ok('network', 'create', net);
    const network = `name=${net},driver-opt=rate=10mbit`;
    await ok('run', '-d', '--name', name, '--network', network, 'busybox', 'sh', '-c', SERVER);
    const limited = await endpoint(name, net);
    assert.deepEqual(limited.DriverOpts, { rate: '10mbit' });
    await eventually(async () => assert.ok((await fetch(`http://${limited.IPAddress}/file`, { method: 'HEAD' })).ok));
    // A machine under load may be slower than the limit for a while. It is never faster.
    const shares: number[] = [];
    while (shares.length < 4 && !shares.some((each) => each > 0.6)) shares.push(await share(limited));
    assert.ok(
      shares.some((each) => each > 0.6) && shares.every((each) => each < 1.2),
      `${shares.map((each) => Math.round(each * 100))} % of the limit`,
    );

    const out = 'com.gantry.network.endpoint.rate.out';
    await ok('network', 'connect', '--driver-opt', `${out}=2mbit`, 'bridge', name);
    const second = await endpoint(name, 'bridge');
    assert.deepEqual(second.DriverOpts, { [out]: '2mbit' });
    const shaper = `ifb${second.EndpointID.slice(0, 11)}`;
    assert.match(execFileSync('tc', ['qdisc', 'show', 'dev', shaper], { encoding: 'utf8' }), /tbf .*rate 2Mbit/);
    await ok('network', 'disconnect', 'bridge', name);
    await ok('rm', '-f', name);
    const left = new RegExp(`ifb(${[limited, second].map(({ EndpointID }) => EndpointID.slice(0, 11)).join('|')})`);
    await eventually(async () => assert.doesNotMatch(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }), left));
    await ok('network', 'rm', net);
  });

  test(`${cli} create refuses rates that cannot be`, async () => {
    const create = async (network: string): Promise<string> => {
      const { code, stderr } = await engine()[cli](['create', '--network', network, 'busybox', 'true']);
      assert.notEqual(code, 0, network);
      return stderr;
    };
    assert.match(
      await create('name=bridge,driver-opt=rate=fast'),
      /invalid driver option rate="fast": it must be a rate/,
    );
    assert.match(
      await create('name=none,driver-opt=rate=10mbit'),
      /the network none cannot limit traffic \(driver option rate\)/,
    );
    assert.match(
      await create('name=host,driver-opt=rate=10mbit'),
      /the network host cannot limit traffic \(driver option rate\)/,
    );
  });
}
