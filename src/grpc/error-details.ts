import type { Any } from './messages/google-protobuf.ts';

/**
 * Details of BuildKit's errors. They are JSON in an Any whose type ends in `+json`; clients ignore the same details as
 * protobuf. `data` is base64. Absent fields are left out.
 */
export interface ErrorDetails {
  readonly 'errdefs.Vertex': { readonly digest: string };
  /** The lines of a Dockerfile that caused the error. Lines and columns begin with 1. */
  readonly 'errdefs.Source': {
    readonly info?: { readonly filename?: string; readonly data?: string; readonly language?: string };
    readonly ranges?: readonly SourceRange[];
  };
  readonly 'errdefs.Frontend': { readonly name?: string; readonly source?: string };
  readonly 'errdefs.FrontendCap': { readonly name: string };
  readonly 'errdefs.Subrequest': { readonly name: string };
  /** The step that failed, and ids of results that a debugger can mount. */
  readonly 'errdefs.Solve': {
    readonly inputIDs?: readonly string[];
    readonly mountIDs?: readonly string[];
    readonly op?: unknown;
    /** The action of a file op that failed. Absent fields are 0. */
    readonly file?: { readonly index?: string };
    /** The input whose content could not be summed: `inputIDs` has that one alone. */
    readonly cache?: { readonly index?: string };
    readonly description?: Readonly<Record<string, string>>;
  };
  readonly 'gatewayapi.ExitMessage': { readonly Code: number };
}

interface SourceRange {
  readonly start?: { readonly line?: number; readonly character?: number };
  readonly end?: { readonly line?: number; readonly character?: number };
}

const PREFIX = 'github.com/moby/buildkit/';
const SUFFIX = '+json';

export function errorDetail<K extends keyof ErrorDetails>(type: K, value: ErrorDetails[K]): Any {
  return { type_url: `${PREFIX}${type}${SUFFIX}`, value: Buffer.from(JSON.stringify(value)) };
}

/** The first detail of a type, unchecked. Undefined when there is none, or none that is JSON. */
export function findErrorDetail(details: readonly Any[], type: keyof ErrorDetails): unknown {
  const found = details.find(({ type_url }) => type_url === `${PREFIX}${type}${SUFFIX}`);
  if (found === undefined) return undefined;
  try {
    return JSON.parse(found.value.toString());
  } catch {
    return undefined;
  }
}
