import { test } from 'node:test';
import { buildCampaign } from '../support/build-campaign.ts';
import { lacksPlugins } from '../support/client-plugins.ts';
import { useEngine } from '../support/fixture.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();

/** Fifty of them: `npm run test:long`. */
test('daemon and supervisor are killed while images are built: nothing is left, and the cache holds', {
  skip: lacksPlugins('new'),
}, async (context) => {
  const { seed } = seededRandom();
  context.diagnostic(`GANTRY_TEST_SEED=${seed}`);
  await buildCampaign(engine(), { kills: 3, seed });
});
