import { messageOf } from '../../base/errors.ts';
import { Fields, goJson, goMap, Template } from '../../base/template/index.ts';
import { watchEvents } from '../../client/index.ts';
import type { EngineEvent } from '../../spec/index.ts';
import { type Command, NO_ARGS } from '../command.ts';
import { CliError } from '../errors.ts';
import { parseFilters } from '../filters.ts';
import { flag } from '../flags/flag.ts';
import { apiTimestamp } from '../format/timestamp.ts';

export const events: Command = {
  usage: '[OPTIONS]',
  args: NO_ARGS,
  examples: [
    'events',
    'events --since 1h --until 0s',
    "events --filter type=container --format '{{.Action}} {{.Actor.ID}}'",
  ],
  flags: [
    flag('-f, --filter', 'filter', 'Filter output by conditions (type=, event=, container=, ...)'),
    flag('--format', 'string', "Format output: 'json' or a Go template"),
    flag('--since', 'string', 'Show events since a timestamp or a relative time (1h)'),
    flag('--until', 'string', 'Show events until a timestamp or a relative time (1h)'),
  ],
  async run(cli, _args, flags) {
    const format = flags.string('format');
    const template: Template | undefined = format === '' || format === 'json' ? undefined : eventTemplate(format);
    const happened = await watchEvents(cli.client, {
      since: apiTimestamp(flags.string('since'), 'since'),
      until: apiTimestamp(flags.string('until'), 'until'),
      filters: parseFilters(flags.list('filter')),
    });
    for await (const event of happened) {
      cli.out.line(
        template !== undefined
          ? template.execute(templateData(event))
          : format === 'json'
            ? goJson(event)
            : plain(event),
      );
    }
    return 0;
  },
};

const EMPTY: EngineEvent = {
  Type: 'container',
  Action: '',
  Actor: { ID: '', Attributes: {} },
  scope: 'local',
  time: 0,
  timeNano: 0n,
};

/**
 * Executes the template on an empty event first, so that a template error comes before the first event. @throws
 * CliError 64
 */
function eventTemplate(format: string): Template {
  try {
    const template = new Template(format);
    template.execute(templateData(EMPTY));
    return template;
  } catch (error) {
    throw new CliError(64, `Error parsing format: ${messageOf(error)}`, { cause: error });
  }
}

function plain(event: EngineEvent): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const note = attributes.length === 0 ? '' : ` (${attributes.map(([key, value]) => `${key}=${value}`).join(', ')})`;
  return `${eventTime(event)} ${event.Type} ${event.Action} ${event.Actor.ID}${note}`;
}

/** Local time with all nine digits of the fraction. */
function eventTime(event: EngineEvent): string {
  const nanos = event.timeNano === undefined ? BigInt(event.time) * 1_000_000_000n : BigInt(event.timeNano);
  const date = new Date(Number(nanos / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const two = (n: number): string => String(n).padStart(2, '0');
  const zone =
    offset === 0
      ? 'Z'
      : `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${local}.${(nanos % 1_000_000_000n).toString().padStart(9, '0')}${zone}`;
}

/** The field names of Docker's type, old ones included. */
function templateData(event: EngineEvent): Fields {
  const old = event as unknown as { status?: string; id?: string; from?: string };
  const fields = {
    Status: old.status ?? '',
    ID: old.id ?? '',
    From: old.from ?? '',
    Type: event.Type,
    Action: event.Action,
    Actor: { ID: event.Actor.ID, Attributes: goMap({ ...event.Actor.Attributes }) },
    Scope: event.scope,
    Time: event.time,
    TimeNano: event.timeNano,
  };
  return new Fields('*events.Message', fields, event);
}
