import type { BuildRequest, OpenBuilder } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { CliError } from '../errors.ts';
import { buildError } from './build-error.ts';
import { csvFields } from './key-values.ts';
import type { BuildProgress } from './progress/open-progress.ts';
import { sourceExcerpt } from './source-excerpt.ts';

interface Asking extends OpenBuilder {
  readonly progress: BuildProgress;
  readonly request: BuildRequest;
  /** `check`, `outline`, `targets`, perhaps with `,format=json`. */
  readonly call: string;
  readonly dockerfile: string;
}

/** Answers `--check` and `--call`. Resolves with the exit code: 1 when a check found something. @throws CliError */
export async function answerCall(cli: Cli, asking: Asking, signal: AbortSignal): Promise<number> {
  const { builder, failureOf, progress, request, call, dockerfile } = asking;
  const [name = '', ...options] = csvFields(call);
  const isJson = options.includes('format=json');
  const kind = name === 'check' ? 'lint' : name;
  let answer: ReadonlyMap<string, Buffer>;
  try {
    answer = await builder.ask(kind, request, signal);
  } catch (error) {
    progress.end();
    throw buildError(failureOf(error), { error, isCancelled: signal.aborted, dockerfile });
  }
  progress.end();
  if (progress.isText) cli.err.line('');
  const json = answer.get('result.json')?.toString() ?? '';
  if (isJson) cli.out.line(json);
  else if (kind === 'lint') cli.out.write(lintText(json, dockerfile));
  else cli.out.write(answer.get('result.txt') ?? '');
  const status = Number(answer.get('result.statuscode')?.toString() ?? 0);
  if (kind !== 'lint') return status;
  const { warnings } = JSON.parse(json || '{}') as LintJson;
  return (warnings ?? []).length > 0 ? 1 : status;
}

interface LintJson {
  readonly warnings?: readonly LintWarning[] | null;
  readonly sources?: readonly { readonly filename?: string; readonly data?: string }[] | null;
  readonly buildError?: { readonly message?: string };
}

interface LintWarning {
  readonly ruleName: string;
  readonly description?: string;
  readonly url?: string;
  readonly detail?: string;
  readonly location?: {
    readonly sourceIndex?: number;
    readonly ranges?: readonly {
      readonly start?: { readonly line?: number };
      readonly end?: { readonly line?: number };
    }[];
  };
}

/** What a check has found, as docker's client prints it. */
function lintText(json: string, dockerfile: string): string {
  const { warnings, sources, buildError } = JSON.parse(json || '{}') as LintJson;
  const found = warnings ?? [];
  const lines: string[] = [];
  if (found.length === 0 && buildError === undefined) return 'Check complete, no warnings found.\n';
  if (found.length > 0)
    lines.push(
      found.length === 1
        ? 'Check complete, 1 warning has been found!'
        : `Check complete, ${found.length} warnings have been found!`,
    );
  for (const { ruleName, url = '', detail = '', location } of found) {
    lines.push('', `WARNING: ${ruleName}${url === '' ? '' : ` - ${url}`}`, detail);
    const source = sources?.[location?.sourceIndex ?? 0];
    const ranges = (location?.ranges ?? []).map(({ start, end }) => ({ start: start?.line ?? 0, end: end?.line ?? 0 }));
    const text = Buffer.from(source?.data ?? '', 'base64').toString();
    const excerpt = sourceExcerpt(dockerfile, text, ranges);
    if (excerpt !== '') lines.push(excerpt.trimEnd());
  }
  if (buildError !== undefined) throw new CliError(1, `${lines.join('\n')}\nERROR: ${buildError.message ?? ''}`);
  return `${lines.join('\n')}\n`;
}
