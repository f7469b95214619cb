import { test } from 'node:test';
import { buildCampaign } from '../support/build-campaign.ts';
import { useEngine } from '../support/fixture.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();

test('fifty kills of daemon, supervisor or both while images are built: nothing is left, and the cache holds', async (context) => {
  const { seed } = seededRandom();
  context.diagnostic(`GANTRY_TEST_SEED=${seed}`);
  await buildCampaign(engine(), { kills: Number(process.env['CAMPAIGN_KILLS'] ?? 50), seed });
});
