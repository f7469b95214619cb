import type { BuildStatus, Vertex, VertexStatus } from '../../../client/index.ts';

type Timestamp = NonNullable<Vertex['started']>;

/** A message of the builder as a line of JSON, in the form of docker's `--progress=rawjson`. '' for an empty one. */
export function rawJson({ vertexes, statuses, logs, warnings }: BuildStatus): string {
  const status = {
    ...listed('vertexes', vertexes.map(vertexJson)),
    ...listed('statuses', statuses.map(statusJson)),
    ...listed(
      'logs',
      logs.map(({ vertex, stream, msg, timestamp }) => ({
        ...{ vertex, stream, data: msg.toString('base64') },
        ...timed('timestamp', timestamp),
      })),
    ),
    ...listed(
      'warnings',
      warnings.map(({ vertex, level, short, detail, url, info, ranges }) => ({
        ...{ vertex, level, short: short.toString('base64') },
        ...listed(
          'detail',
          detail.map((each) => each.toString('base64')),
        ),
        ...(url === '' ? {} : { url }),
        ...(info === undefined ? {} : { sourceInfo: { filename: info.filename, data: info.data.toString('base64') } }),
        ...listed('range', ranges),
      })),
    ),
  };
  return Object.keys(status).length === 0 ? '' : `${JSON.stringify(status)}\n`;
}

function vertexJson({ digest, inputs, name, started, completed, cached, error }: Vertex): object {
  return {
    digest,
    ...listed('inputs', inputs),
    name,
    ...timed('started', started),
    ...timed('completed', completed),
    ...(cached ? { cached } : {}),
    ...(error === '' ? {} : { error }),
  };
}

function statusJson({ ID: id, vertex, name, current, total, timestamp, started, completed }: VertexStatus): object {
  return {
    ...{ id, vertex, name, current },
    ...(total === 0 ? {} : { total }),
    ...timed('timestamp', timestamp),
    ...timed('started', started),
    ...timed('completed', completed),
  };
}

function listed<T>(name: string, list: readonly T[]): Readonly<Record<string, readonly T[]>> {
  return list.length === 0 ? {} : { [name]: list };
}

function timed(name: string, time: Timestamp | undefined): Readonly<Record<string, string>> {
  return time === undefined ? {} : { [name]: nanoTime(time) };
}

/** RFC 3339 with nanoseconds, without zeros at the end. */
function nanoTime({ seconds, nanos }: Timestamp): string {
  const fraction = String(nanos).padStart(9, '0').replace(/0+$/, '');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}
