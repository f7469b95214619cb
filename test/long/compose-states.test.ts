import { test } from 'node:test';
import { lacksPlugins } from '../support/client-plugins.ts';
import { isEqualWithBothTools, QUICK_PROJECTS, recordedProjects } from '../support/compose-states.ts';
import { useEngine } from '../support/fixture.ts';

const engine = useEngine();

for (const project of recordedProjects()) {
  if (QUICK_PROJECTS.includes(project)) continue;
  test(`the project ${project} is the same with docker compose and gantry compose`, {
    skip: lacksPlugins('new'),
  }, async (t) => {
    await isEqualWithBothTools(t, engine(), project);
  });
}
