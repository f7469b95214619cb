import { test } from 'node:test';
import { inspect } from 'node:util';
import { crashCampaign } from '../support/crash-campaign.ts';
import { useEngine } from '../support/fixture.ts';
import { seededRandom } from '../support/random.ts';

const engine = useEngine();

/** The full one is `npm run test:long`. */
test('forty kills of daemon, supervisor or both: no line, no exit code and no folder too few or too many', async (context) => {
  const { seed } = seededRandom();
  context.diagnostic(`GANTRY_TEST_SEED=${seed}`);
  await crashCampaign(engine(), {
    kills: 40,
    killsPerRound: 20,
    clients: 4,
    seed,
    onProgress: (sums) => context.diagnostic(inspect(sums)),
  });
});
