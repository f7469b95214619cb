/** Commands that docker has and gantry doesn't have yet. Answered as unknown, with this said. */
export const NOT_YET: readonly string[] = [
  'build',
  'builder',
  'checkpoint',
  'config',
  'context',
  'node',
  'plugin',
  'secret',
  'service',
  'stack',
  'swarm',
  'trust',
  'image build',
];
