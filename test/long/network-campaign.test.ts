import { test } from 'node:test';
import { useEngine } from '../support/fixture.ts';
import { networkCampaign } from '../support/network-campaign.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();

test('a hundred kills of the daemon while networks change: the kernel has what the API shows, and no more', async () => {
  const { seed } = seededRandom();
  console.log(`GANTRY_TEST_SEED=${seed}`);
  await networkCampaign(engine(), { kills: 100, seed });
});
