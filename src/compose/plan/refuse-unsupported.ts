import { invalid } from '../../base/errors.ts';
import type { Project } from '../model/index.ts';

/** @throws EngineError invalid for a service with a key that has no effect here, so that none is ignored in silence */
export function refuseUnsupported({ services }: Pick<Project, 'services'>): void {
  for (const [name, { provider, models, credential_spec }] of services) {
    if (provider !== undefined)
      throw invalid(`service "${name}": Gantry does not run providers such as "${provider.type}" yet`);
    if (models !== undefined && models.size > 0)
      throw invalid(`service "${name}": Gantry does not run models: remove "models", or run them as services`);
    if (credential_spec !== undefined)
      throw invalid(`service "${name}": "credential_spec" is for Windows containers, which this engine does not run`);
  }
}
