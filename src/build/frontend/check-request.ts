import { code, errorDetail, GrpcError } from '../../grpc/index.ts';
import { detectSyntax, type Range } from '../dockerfile/index.ts';

const CAPABILITIES: ReadonlySet<string> = new Set(
  ['inputs', 'subrequests', 'contexts', 'gitquerystring'].map((name) => `moby.buildkit.frontend.${name}`),
);
/** Any version of Docker's own frontend, which is the built-in one. */
const BUILT_IN = /^(?:(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?|dockerfile\.v0)$/;

/**
 * Returns an error for what a client insists on and we lack, in a list such as `moby.buildkit.frontend.inputs`. A frontend that
 * the Dockerfile names may have it where the client says so (`+forward`). @throws GrpcError otherwise
 */
export function checkCapabilities(list: string): GrpcError | undefined {
  let forwarded: GrpcError | undefined;
  for (const text of list.split(',').filter((part) => part !== '')) {
    const name = text.replace(/\+forward$/, '');
    if (CAPABILITIES.has(name)) continue;
    const error = lackedCapability(name);
    if (name === text) throw error;
    forwarded ??= error;
  }
  return forwarded;
}

export function lackedCapability(name: string): GrpcError {
  return new GrpcError(code.unimplemented, `unsupported frontend capability ${name}`, {
    details: [errorDetail('errdefs.FrontendCap', { name })],
  });
}

/** A frontend of somebody else. */
export interface ForeignFrontend {
  readonly image: string;
  /** The image and what follows it. */
  readonly commandLine: string;
  /** Where the Dockerfile names it. Undefined for a build argument. */
  readonly range: Range | undefined;
}

/** The frontend that a build asks for: `BUILDKIT_SYNTAX`, else `# syntax=`. Undefined for the built-in one. */
export function foreignFrontend(text: string, buildArgs: ReadonlyMap<string, string>): ForeignFrontend | undefined {
  const given = buildArgs.get('BUILDKIT_SYNTAX')?.trim() ?? '';
  const asked =
    given === '' ? detectSyntax(text) : { image: given.split(' ', 1)[0] ?? '', commandLine: given, range: undefined };
  if (asked === undefined || asked.image === '' || BUILT_IN.test(asked.image)) return undefined;
  return { image: asked.image, commandLine: asked.commandLine, range: asked.range };
}
