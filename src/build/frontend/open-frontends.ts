import type { Frontend } from './bridge.ts';
import { isBuiltIn, refusal } from './check-request.ts';
import { type DockerfileFrontendOptions, dockerfileFrontend } from './dockerfile-frontend.ts';

/** The frontends by the names that clients use. */
export function openFrontends(options: DockerfileFrontendOptions): Readonly<Record<string, Frontend>> {
  const dockerfile = dockerfileFrontend(options);
  return {
    'dockerfile.v0': dockerfile,
    /** A frontend that comes as an image (`source`). Docker's own is the built-in one. */
    'gateway.v0': async (request, bridge, signal) => {
      const image = request.options.get('source') ?? '';
      if (isBuiltIn(image)) return await dockerfile(request, bridge, signal);
      throw refusal(image);
    },
  };
}
