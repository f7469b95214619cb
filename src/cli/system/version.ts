import { messageOf } from '../../base/errors.ts';
import { Fields, goMap, Template } from '../../base/template/index.ts';
import { CLIENT_API_VERSION, type EngineVersion, engineVersion } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { alignColumns } from '../format/tabwriter.ts';
import { goArchitecture, programVersion } from '../version-info.ts';

const TABLE = `Client:
 Version:	{{.Client.Version}}
 API version:	{{.Client.APIVersion}}{{if ne .Client.APIVersion .Client.DefaultAPIVersion}} (downgraded from {{.Client.DefaultAPIVersion}}){{end}}
 Node version:	{{.Client.NodeVersion}}
 OS/Arch:	{{.Client.Os}}/{{.Client.Arch}}
 Context:	{{.Client.Context}}
{{- with .Server}}

Server:{{if .Platform.Name}} {{.Platform.Name}}{{end}}
{{- range .Components}}
 {{.Name}}:
  Version:	{{.Version}}
{{- range .Details}}
  {{.Name}}:	{{.Value}}
{{- end}}
{{- end}}
{{- end}}`;

export const version: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: ['version', "version --format '{{.Server.Version}}'"],
  flags: [flag('-f, --format', 'string', "Format output: 'json' or a Go template")],
  async run(cli, _args, flags) {
    const format = flags.string('format');
    const template = format === '' || format === 'json' ? undefined : parse(format);
    const { client, server, fault } = await versions(cli);
    if (format === '') cli.out.line(alignColumns(new Template(TABLE).execute(forTable(client, server)), 20, 1));
    else {
      const data = new Fields('command.versionInfo', {
        Client: client,
        Server: server === undefined ? null : withMaps(server),
      });
      cli.out.line((template ?? new Template('{{json .}}')).execute(data));
    }
    if (fault !== undefined) throw fault;
    return 0;
  },
};

function parse(format: string): Template {
  try {
    return new Template(format);
  } catch (error) {
    throw new CliError(64, `template parsing error: ${messageOf(error)}`, { cause: error });
  }
}

/** The output of `--version`. */
export function versionLine(): string {
  return `Gantry version ${programVersion()}`;
}

async function versions(
  cli: Cli,
): Promise<{ client: Readonly<Record<string, string>>; server: EngineVersion | undefined; fault: unknown }> {
  let server: EngineVersion | undefined;
  let fault: unknown;
  let apiVersion = CLIENT_API_VERSION;
  try {
    apiVersion = await cli.client.apiVersion();
    server = await engineVersion(cli.client);
  } catch (error) {
    fault = error;
  }
  const client = {
    Version: programVersion(),
    ApiVersion: apiVersion,
    DefaultAPIVersion: CLIENT_API_VERSION,
    NodeVersion: process.version,
    Os: process.platform,
    Arch: goArchitecture(),
    Context: 'default',
    APIVersion: apiVersion,
  };
  // The first spelling is for JSON, the second for templates.
  Object.defineProperty(client, 'APIVersion', { enumerable: false });
  return { client, server, fault };
}

function withMaps(server: EngineVersion): object {
  const shown = {
    ...server,
    Components: (server.Components ?? []).map((each) => ({ ...each, Details: goMap({ ...each.Details }) })),
  };
  return Object.defineProperty(shown, 'APIVersion', { value: server.ApiVersion, enumerable: false });
}

/** Lines of the engine's own component, in docker's order. */
const ENGINE_LINES: readonly (readonly [string, (details: Readonly<Record<string, string>>) => string | undefined])[] =
  [
    ['API version', (details) => `${details['ApiVersion'] ?? ''} (minimum version ${details['MinAPIVersion'] ?? ''})`],
    ['Go version', (details) => details['GoVersion']],
    ['Node version', (details) => details['NodeVersion']],
    ['Git commit', (details) => details['GitCommit']],
    ['Built', (details) => builtAt(details['BuildTime'])],
    ['OS/Arch', (details) => `${details['Os'] ?? ''}/${details['Arch'] ?? ''}`],
    ['Experimental', (details) => details['Experimental']],
  ];

function forTable(client: object, server: EngineVersion | undefined): object {
  if (server === undefined) return { Client: client, Server: null };
  const components = (server.Components ?? []).map((component) => ({
    Name: component.Name,
    Version: component.Version,
    Details:
      component.Name === 'Engine'
        ? engineDetails(component.Details ?? {})
        : Object.entries(component.Details ?? {}).map(([Name, Value]) => ({ Name, Value })),
  }));
  return { Client: client, Server: { Platform: { Name: server.Platform?.Name ?? '' }, Components: components } };
}

function engineDetails(details: Readonly<Record<string, string>>): { Name: string; Value: string }[] {
  return ENGINE_LINES.flatMap(([Name, pick]) => {
    const Value = pick(details);
    return Value === undefined || Value === '' ? [] : [{ Name, Value }];
  });
}

/** Formats `Thu Aug 13 05:35:47 2026`. */
function builtAt(text: string | undefined): string | undefined {
  const millis = Date.parse(text ?? '');
  if (Number.isNaN(millis)) return text;
  const date = new Date(millis);
  const [day = '', month = '', , , ,] = date
    .toUTCString()
    .replace(',', '')
    .split(' ')
    .filter((_part, index) => index === 0 || index === 2);
  return `${day} ${month} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)} ${date.getUTCFullYear()}`;
}
