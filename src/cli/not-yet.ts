/** Commands that docker has (some by its plugins) and gantry does not have yet. */
export const NOT_YET: readonly string[] = [
  'build',
  'builder',
  'buildx',
  'checkpoint',
  'compose',
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
