import type { Frontend } from './bridge.ts';
import { openContext } from './build-context.ts';
import { buildPlatforms } from './build-platforms.ts';
import { checkCapabilities, checkSyntax } from './check-request.ts';
import { readOptions } from './options.ts';
import { placeError } from './place-error.ts';
import { readDockerfile } from './read-dockerfile.ts';
import { answerSubrequest } from './subrequests/answer-subrequest.ts';

export interface DockerfileFrontendOptions {
  /** Whether the solver has merge ops: then COPY --link makes a layer of its own. */
  readonly mergesLinks: boolean;
}

/** The frontend `dockerfile.v0`. */
export function dockerfileFrontend({ mergesLinks }: DockerfileFrontendOptions): Frontend {
  return async (request, bridge, signal) => {
    checkCapabilities(request.options.get('frontend.caps') ?? '');
    const options = readOptions(request.options, bridge.platform);
    const context = await openContext({ request, bridge, filename: options.filename }, signal);
    const source = await readDockerfile(bridge, context, signal);
    try {
      checkSyntax(Buffer.from(source.data).toString(), options.buildArgs);
      const build = { request, bridge, options, context, source, mergesLinks };
      const requestId = request.options.get('requestid') ?? '';
      if (requestId !== '') return await answerSubrequest(requestId, build, signal);
      return await buildPlatforms(build, signal);
    } catch (error) {
      throw placeError(error, source);
    }
  };
}
