import { humanSize } from '../../base/sizes.ts';
import { type CheckFinding, type CheckReport, checkSystem, type ProgressMessage } from '../../client/index.ts';
import { drawProgress } from '../../terminal/index.ts';
import type { Cli } from '../cli.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { type ListFormat, renderList } from '../format/table.ts';

export const check: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['system check', 'system check --repair', 'system check --format json'],
  details:
    'Reads every blob and compares the records of images, layers, containers and volumes with the disk. The engine keeps working during the check. Exits with 1 if it finds a problem.',
  flags: [
    flag('--format', 'string', "Format output: 'table', 'table TEMPLATE', 'json' or a Go template"),
    flag('-q, --quiet', 'bool', 'Suppress progress output'),
    flag('--repair', 'bool', 'Repair what is safe to repair; never delete content that an image references'),
  ],
  async run(cli, _args, flags) {
    const format = flags.string('format');
    const report = await requestCheck(cli, { repair: flags.bool('repair'), quiet: flags.bool('quiet') });
    if (format === 'json') cli.out.line(JSON.stringify(report));
    else if (format !== '') cli.out.write(renderList(FINDINGS, report.Findings, { format }));
    else cli.out.write(humanReport(report));
    return report.Sound ? 0 : 1;
  },
};

async function requestCheck(
  cli: Cli,
  options: { readonly repair: boolean; readonly quiet: boolean },
): Promise<CheckReport> {
  const messages = await checkSystem(cli.client, { repair: options.repair });
  let report: CheckReport | undefined;
  async function* watched(): AsyncIterable<ProgressMessage> {
    for await (const message of messages) {
      if (message.aux !== undefined) report = message.aux as CheckReport;
      else yield message;
    }
  }
  // Progress goes to standard error: the output is only the report.
  await drawProgress(watched(), options.quiet || !cli.err.isTerminal ? undefined : cli.err);
  if (report === undefined) throw new CliError(1, 'the engine ended the check without a report');
  return report;
}

function humanReport({ Checked: checked, Findings: findings }: CheckReport): string {
  const counts = [
    `${plural(checked.Blobs, 'blob')} (${humanSize(checked.Bytes)})`,
    plural(checked.Images, 'image'),
    plural(checked.Layers, 'layer'),
    plural(checked.Containers, 'container'),
    plural(checked.Volumes, 'volume'),
  ];
  const lines = [`Checked ${counts.join(', ')}.`];
  if (findings.length === 0) return [...lines, 'Everything is sound.', ''].join('\n');
  const remaining = findings.filter(({ Remains: remains }) => remains).length;
  const table = renderList(FINDINGS, findings, { format: '' }).trimEnd();
  const verdict =
    remaining === 0
      ? `${plural(findings.length, 'problem')} found, all repaired.`
      : `${plural(findings.length, 'problem')} found${remaining === findings.length ? '' : `, ${remaining} left`}.`;
  return [...lines, '', table, '', verdict, ''].join('\n');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const FINDINGS: ListFormat<CheckFinding> = {
  typeName: '*check.finding',
  table: '{{.Kind}}\t{{.Subject}}\t{{.Problem}}\t{{.Action}}',
  titles: { Kind: 'PROBLEM', Subject: 'WHERE', Problem: 'WHAT', Action: 'REPAIR', Remains: 'REMAINS' },
  fields: ({
    Kind: kind,
    Subject: subject,
    Problem: problem,
    Advice: advice,
    Repaired: repaired,
    Remains: remains,
  }) => ({
    Action: repaired ?? advice,
    Kind: kind,
    Problem: problem,
    Remains: String(remains),
    Subject: subject,
  }),
};
