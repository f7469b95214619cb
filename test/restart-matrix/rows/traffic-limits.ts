import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Row } from '../row.ts';

interface Container {
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly EndpointID: string; readonly DriverOpts: object }>>;
  };
}

/** The limits of an endpoint's traffic, as the kernel has them. */
export const trafficLimits: Row = {
  name: 'traffic-limits',
  options: () => ['--network', 'name=bridge,driver-opt=rate=10mbit,driver-opt=rate.in=20mbit'],
  command: ['sleep', '1000'],
  async before({ get, id }) {
    const show = async () => {
      const { NetworkSettings } = await get<Container>(`/containers/${id}/json`);
      const { EndpointID, DriverOpts } = NetworkSettings.Networks['bridge'] ?? assert.fail('no endpoint');
      const [end, shaper] = ['veth', 'ifb'].map((kind) => `${kind}${EndpointID.slice(0, 11)}`);
      const tc = (...args: string[]) => execFileSync('tc', args, { encoding: 'utf8' });
      const qdiscs = [tc('qdisc', 'show', 'dev', end ?? ''), tc('qdisc', 'show', 'dev', shaper ?? '')];
      assert.match(tc('filter', 'show', 'dev', end ?? '', 'ingress'), new RegExp(`Redirect to device ${shaper}`));
      return { DriverOpts, rates: qdiscs.map((text) => /qdisc tbf .*rate (\S+)/.exec(text)?.[1]) };
    };
    const wanted = { DriverOpts: { rate: '10mbit', 'rate.in': '20mbit' }, rates: ['20Mbit', '10Mbit'] };
    assert.deepEqual(await show(), wanted);
    return async () => {
      assert.deepEqual(await show(), wanted);
    };
  },
};
