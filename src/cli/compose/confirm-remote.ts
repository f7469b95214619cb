import { byBytes, findVariables, isRemoteAddress, type Project, withoutLogin } from '../../compose/index.ts';
import { CliError } from '../errors.ts';
import { alignColumns } from '../format/tabwriter.ts';
import { confirm } from '../prompt.ts';
import { isDryRun } from './changing.ts';
import type { ComposeCall } from './compose-command.ts';
import { loadRaw, openProject } from './load-request.ts';

/**
 * When the first `-f` is a repository or an artifact: says where its files are, and asks whether its containers may have the user's
 * variables, unless the answer is known. As with docker compose, a project without variables is not asked about. @throws CliError
 */
export async function confirmRemote(call: ComposeCall, project: Project, isConfirmed: boolean): Promise<void> {
  const [address = ''] = call.root.list('file');
  if (!isRemoteAddress(address) || isDryRun(call)) return;
  const { cli } = call.world;
  cli.err.line(`The files of ${withoutLogin(address)} are in ${project.workingDir}`);
  if (isConfirmed) return;
  const { mapping } = await loadRaw(await openProject(call, { interpolates: false }));
  const used = [...findVariables(mapping).values()].sort((a, b) => byBytes(a.name, b.name));
  if (used.length === 0) return;
  const rows = used.map(({ name, defaultValue }) => {
    const own = project.environment.get(name);
    return [name, own ?? defaultValue, own === undefined ? 'compose file' : 'environment'];
  });
  const lines = [['VARIABLE', 'VALUE', 'SOURCE'], ...rows].map((row) => `${row.join('\t')}\n`);
  try {
    await confirm(cli, `Its services have these variables:\n${alignColumns(lines.join(''), 4, 3).trimEnd()}`);
  } catch (error) {
    if (error instanceof CliError && error.exitCode === 0) throw new CliError(1, 'operation cancelled by user');
    throw error;
  }
}
