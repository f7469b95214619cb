import { EngineError } from '../../base/errors.ts';
import { code, errorDetail, GrpcError } from '../../grpc/index.ts';
import { detectSyntax } from '../dockerfile/index.ts';

const CAPABILITIES: ReadonlySet<string> = new Set(
  ['inputs', 'subrequests', 'contexts', 'gitquerystring'].map((name) => `moby.buildkit.frontend.${name}`),
);
/** Any version of Docker's own frontend, which is the built-in one. */
const BUILT_IN = /^(?:(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?|dockerfile\.v0)$/;

/** Refuses what a client insists on and we lack: a list such as `moby.buildkit.frontend.inputs`. @throws GrpcError */
export function checkCapabilities(list: string): void {
  for (const text of list.split(',').filter((part) => part !== '')) {
    const name = text.replace(/\+forward$/, '');
    if (CAPABILITIES.has(name)) continue;
    throw new GrpcError(code.unimplemented, `unsupported frontend capability ${name}`, {
      details: [errorDetail('errdefs.FrontendCap', { name })],
    });
  }
}

/**
 * Refuses a Dockerfile that asks for a frontend of somebody else: `# syntax=`, or `BUILDKIT_SYNTAX`.
 * @throws EngineError notImplemented
 */
export function checkSyntax(text: string, buildArgs: ReadonlyMap<string, string>): void {
  const image = buildArgs.get('BUILDKIT_SYNTAX') || detectSyntax(text)?.image;
  if (image === undefined || BUILT_IN.test(image)) return;
  throw new EngineError(
    'notImplemented',
    `frontend ${image} is not supported: only docker/dockerfile, which is built in`,
  );
}
