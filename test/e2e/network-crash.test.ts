import { test } from 'node:test';
import { useEngine } from '../support/fixture.ts';
import { networkCampaign } from '../support/network-campaign.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();

/** A hundred of them: `npm run test:long`. */
test('the daemon is killed while networks change: the kernel has what the API shows, and no more', async (context) => {
  const { seed } = seededRandom();
  context.diagnostic(`GANTRY_TEST_SEED=${seed}`);
  await networkCampaign(engine(), { kills: 8, seed });
});
