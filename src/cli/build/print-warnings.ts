import type { VertexWarning } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { sourceExcerpt } from './source-excerpt.ts';

/** Lists the warnings of a build, with their details for `--debug`. */
export function printWarnings(cli: Cli, warnings: readonly VertexWarning[], isDetailed: boolean): void {
  if (warnings.length === 0) return;
  const count = `${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'} found`;
  const hint = isDetailed ? '' : ' (use --debug to expand)';
  const [yellow, plain] = cli.err.isTerminal ? ['\x1b[33m', '\x1b[0m'] : ['', ''];
  cli.err.write(`\n ${yellow}${count}${hint}:\n${plain}`);
  for (const { short, detail, url, info, ranges } of warnings) {
    cli.err.line(` - ${short.toString()}`);
    if (!isDetailed) continue;
    for (const each of detail) cli.err.line(each.toString());
    if (url !== '') cli.err.line(`More info: ${url}`);
    const lines = ranges.map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? 0 }));
    if (info !== undefined) cli.err.line(sourceExcerpt(info.filename, info.data.toString(), lines));
  }
}
