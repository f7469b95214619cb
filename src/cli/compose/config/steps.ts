import type { LoadOptions } from '../../../compose/index.ts';
import type { Flags } from '../../flags/parse.ts';
import type { ComposeCall } from '../compose-command.ts';

/** The steps of loading that the flags of `config` leave. */
export function stepsOf({ root }: ComposeCall, flags: Flags): Partial<LoadOptions> {
  return {
    interpolates: !flags.bool('no-interpolate'),
    normalizes: !flags.bool('no-normalize') && !root.bool('compatibility'),
    resolvesPaths: !flags.bool('no-path-resolution'),
    checksConsistency: !flags.bool('no-consistency'),
    keepsLabelFiles: false,
  };
}
