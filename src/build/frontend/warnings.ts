import type { Digest } from '../../base/ids.ts';
import { linesOf, type Warning } from '../dockerfile/index.ts';
import type { LlbLocation, LlbSource } from '../llb/index.ts';
import type { FrontendBridge } from './bridge.ts';

/** Shows the violations of rules to the client, at the step that reads the Dockerfile. */
export function showWarnings(
  bridge: FrontendBridge,
  warnings: readonly Warning[],
  { source, digest }: { readonly source: LlbSource; readonly digest: Digest },
): void {
  for (const { rule, description, detail, url, range } of warnings) {
    bridge.warn({
      level: 1,
      short: `${rule}: ${detail} (line ${range.start.line})`,
      detail: [description],
      url,
      location: locationOf(source, linesOf(range)),
      digest,
    });
  }
}

function locationOf(source: LlbSource, lines: readonly number[]): LlbLocation {
  const position = (line: number) => ({ line, character: 0 });
  return { source, ranges: lines.map((line) => ({ start: position(line), end: position(line) })) };
}
