/** Commands of docker (some are its plugins) that gantry does not have yet. */
export const MISSING_COMMANDS: readonly string[] = [
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
