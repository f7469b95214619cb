import type { Frontend } from './bridge.ts';
import { openContext } from './build-context.ts';
import { buildPlatforms } from './build-platforms.ts';
import { checkCapabilities, foreignFrontend } from './check-request.ts';
import { forward } from './forward.ts';
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
    const lacked = checkCapabilities(request.options.get('frontend.caps') ?? '');
    const options = readOptions(request.options, bridge.platform);
    const context = await openContext({ request, bridge, filename: options.filename }, signal);
    const source = await readDockerfile(bridge, context, signal);
    // A frontend that asks for the built-in one with the options that it got itself does not mean itself.
    const isForwarded = request.options.has('cmdline');
    const foreign = isForwarded ? undefined : foreignFrontend(Buffer.from(source.data).toString(), options.buildArgs);
    if (foreign !== undefined) return await forward(foreign, { request, bridge, source }, signal);
    if (lacked !== undefined) throw lacked;
    try {
      const build = { request, bridge, options, context, source, mergesLinks };
      const requestId = request.options.get('requestid') ?? '';
      if (requestId !== '') return await answerSubrequest(requestId, build, signal);
      return await buildPlatforms(build, signal);
    } catch (error) {
      throw placeError(error, source);
    }
  };
}
