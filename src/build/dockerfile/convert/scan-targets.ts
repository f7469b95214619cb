import type { LlbEdge } from '../../llb/graph.ts';
import type { ArgDefinition } from '../instructions/instruction.ts';
import type { Scope } from '../scope/scope.ts';

/** What a scanner of packages looks into beside the result. */
export interface ScanTargets {
  /** By name: stages, and `context`. Undefined is the empty tree. */
  readonly extras: ReadonlyMap<string, LlbEdge | undefined>;
  /** Whether the client wants one of the stages to run again, or the result. */
  readonly ignoresCache: boolean;
}

const ARGS = { context: 'BUILDKIT_SBOM_SCAN_CONTEXT', stage: 'BUILDKIT_SBOM_SCAN_STAGE' } as const;

/** Whether an ARG is for scanners: then no step sees its value. */
export function isScanArg(name: string): boolean {
  return name === ARGS.context || name === ARGS.stage;
}

/** Whether a stage asks for a scan of the build's context, or of itself. Its own ARG counts more than that before the first FROM. */
export function asksForScan(
  what: keyof typeof ARGS,
  { name, args, globals }: { readonly name: string; readonly args: readonly ArgDefinition[]; readonly globals: Scope },
): boolean {
  const own = args.findLast(({ key, value }) => key === ARGS[what] && value !== undefined);
  const value = own?.value ?? globals.get(ARGS[what]);
  if (value === undefined || /^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  return /^(?:1|t|T|TRUE|true|True)$/.test(value) || value.split(',').includes(name);
}
