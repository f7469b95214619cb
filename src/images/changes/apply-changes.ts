import type { ContainerConfig } from '../../spec/index.ts';

export function applyChanges(config: ContainerConfig, _changes: readonly string[]): ContainerConfig {
  return config;
}
