import { test } from 'node:test';
import { inspect } from 'node:util';
import { crashCampaign, type Sums } from '../support/crash-campaign.ts';
import { useEngine } from '../support/fixture.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();
const KILLS = Number(process.env['CAMPAIGN_KILLS'] ?? '1000');

test('a thousand kills while ten clients work: no line, no exit code and no folder too few or too many', async () => {
  const { seed } = seededRandom();
  // At once: a run of hours may be cut short.
  console.log(`GANTRY_TEST_SEED=${seed}`);
  const onProgress = (sums: Sums): void => {
    if (sums.kills % 20 === 0) console.log(inspect(sums));
  };
  await crashCampaign(engine(), { kills: KILLS, killsPerRound: 10, clients: 10, seed, onProgress });
});
