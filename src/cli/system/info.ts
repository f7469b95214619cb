import { messageOf } from '../../base/errors.ts';
import { Template } from '../../base/template/index.ts';
import { type EngineInfo, engineInfo } from '../../client/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { typeInspected } from '../format/inspect-types.ts';
import { programVersion } from '../version-info.ts';
import { infoText, warningsOf } from './info-text.ts';

export const info: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['info', "info --format '{{.Driver}}'"],
  flags: [flag('-f, --format', 'string', "Format output: 'json' or a Go template")],
  async run(cli, _args, flags) {
    const format = flags.string('format');
    let template: Template | undefined;
    try {
      template = format === '' ? undefined : new Template(format === 'json' ? '{{json .}}' : format);
    } catch (error) {
      throw new CliError(64, `template parsing error: ${messageOf(error)}`, { cause: error });
    }
    const client = {
      Debug: cli.options.debug,
      Version: programVersion(),
      Context: 'default',
      Plugins: [],
      Warnings: null,
    };
    let server: EngineInfo | undefined;
    let fault: unknown;
    try {
      server = await engineInfo(cli.client);
    } catch (error) {
      fault = error;
    }
    if (template !== undefined) {
      if (fault !== undefined) throw fault;
      cli.out.line(template.execute({ ...(typeInspected(server) as object), ClientInfo: client }));
      return 0;
    }
    cli.out.write(infoText(client, server));
    if (server !== undefined) for (const each of warningsOf(server)) cli.err.line(each);
    if (fault !== undefined) throw new CliError(1, messageOf(fault), { cause: fault });
    return 0;
  },
};
