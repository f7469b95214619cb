import type { BuildFailure } from '../../client/index.ts';
import { alignColumns } from '../format/tabwriter.ts';
import type { BuildDetails } from './build-details.ts';
import { sourceExcerpt } from './source-excerpt.ts';

const CONFIG: Readonly<Record<string, string>> = {
  Network: 'Network',
  ExtraHosts: 'Extra Hosts',
  Hostname: 'Hostname',
  CgroupParent: 'Cgroup Parent',
  ImageResolveMode: 'Image Resolve Mode',
  NoCache: 'No Cache',
  NoCacheFilter: 'No Cache Filter',
  ShmSize: 'Shm Size',
  Ulimit: 'Resource Limits',
};

/** What is known of a build, for people: paragraphs of aligned lines. */
export function showDetails(details: BuildDetails, failure: BuildFailure | undefined): string {
  const { Platform = [], NamedContexts = [], BuildArgs = [], Labels = [], Materials = [], Attachments = [] } = details;
  const { NumCompletedSteps: completed, NumTotalSteps: total, NumCachedSteps: cached, Error: error } = details;
  const pairs = (title: string, list: readonly { readonly Name: string; readonly Value: string }[]) =>
    table(
      [title, 'VALUE'],
      list.map(({ Name, Value }) => [Name, Value]),
    );
  const paragraphs = [
    fields([
      ['Name', details.Name],
      ['Context', details.Context],
      ['Dockerfile', details.Dockerfile],
      ['Target', details.Target],
      ['Platforms', Platform.join(', ')],
    ]),
    pairs('NAMED CONTEXT', NamedContexts),
    fields([
      ['Started', new Date(details.StartedAt).toLocaleString('sv')],
      ['Duration', `${(details.Duration / 1e9).toFixed(1)}s`],
      ['Status', error === undefined && details.Status !== 'completed' ? details.Status : ''],
      ['Error', error?.Message],
      ['Build Steps', `${completed}/${total} (${total === 0 ? 0 : Math.floor((cached / total) * 100)}% cached)`],
    ]),
    fields(Object.entries(details.Config).map(([name, value]) => [CONFIG[name] ?? name, [value].flat().join(', ')])),
    pairs('BUILD ARG', BuildArgs),
    pairs('LABEL', Labels),
    table(
      ['URI', 'DIGEST'],
      Materials.map(({ URI, Digests }) => [URI, Digests.join(', ')]),
      'Materials:\n',
    ),
    table(
      ['DIGEST', 'PLATFORM', 'TYPE'],
      Attachments.map(({ Digest, Platform: platform = '', Type }) => [Digest, platform, Type]),
      'Attachments:\n',
    ),
    excerpt(failure),
    error?.Logs === undefined
      ? ''
      : ['Logs:', `> => ${error.Name ?? ''}:`, ...error.Logs.map((line) => `> ${line}`), ''].join('\n'),
    `Print build logs: gantry buildx history logs ${details.Ref}\n`,
  ];
  return paragraphs.filter((text) => text !== '').join('\n');
}

function excerpt(failure: BuildFailure | undefined): string {
  const { source } = failure ?? {};
  return source === undefined ? '' : sourceExcerpt(source.filename || 'Dockerfile', source.text, source.ranges);
}

function fields(list: readonly (readonly [string, string | undefined])[]): string {
  const lines = list.flatMap(([name, value = '']) => (value === '' ? [] : [`${name}:\t${value}\n`]));
  return alignColumns(lines.join(''));
}

function table(titles: readonly string[], rows: readonly (readonly string[])[], head = ''): string {
  if (rows.length === 0) return '';
  return head + alignColumns([titles, ...rows].map((row) => `${row.join('\t')}\n`).join(''));
}
