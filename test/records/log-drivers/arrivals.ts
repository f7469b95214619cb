import { goJsonString } from '../../../src/base/template/index.ts';
import { FluentdReceiver } from '../../support/log-receivers/fluentd-receiver.ts';
import { GelfTcpReceiver, GelfUdpReceiver } from '../../support/log-receivers/gelf-receiver.ts';
import type { Packed } from '../../support/log-receivers/read-msgpack.ts';
import { SplunkReceiver, type SplunkRequest } from '../../support/log-receivers/splunk-receiver.ts';
import { type LogCase, OUTPUT, SCRIPT } from './log-cases.ts';

/** Sends the output of a container to a receiver with these log options. Resolves with the texts that are neutral in what arrives. */
export type Produce = (options: Readonly<Record<string, string>>) => Promise<Readonly<Record<string, string>>>;

const TOKEN = 'token-of-the-record';
/** A line of 40,000 bytes is sent in three parts. */
const MESSAGES = OUTPUT.length + 2;
/** GELF leaves out empty lines. */
const GELF_MESSAGES = MESSAGES - OUTPUT.filter(({ text }) => text.length === 0).length;

/** Runs a case. Returns what arrived at its receiver, a message a line. */
export async function arrivals({ receiver, options }: LogCase, produce: Produce): Promise<string> {
  switch (receiver) {
    case 'fluentd': {
      await using server = await FluentdReceiver.listen({ host: '127.0.0.1', port: 0 });
      const texts = await produce({ ...options, 'fluentd-address': `127.0.0.1:${server.port}` });
      return neutral((await server.received(MESSAGES)).map(fluentdLine), texts);
    }
    case 'gelf-udp': {
      await using server = await GelfUdpReceiver.listen();
      const texts = await produce({ ...options, 'gelf-address': `udp://127.0.0.1:${server.port}` });
      const received = await server.received(GELF_MESSAGES);
      return neutral(
        received.map(({ compression, datagrams, text }) => `${compression} in ${datagrams}: ${text}`),
        texts,
      );
    }
    case 'gelf-tcp': {
      await using server = await GelfTcpReceiver.listen();
      const texts = await produce({ ...options, 'gelf-address': `tcp://127.0.0.1:${server.port}` });
      return neutral(await server.received(GELF_MESSAGES), texts);
    }
    case 'splunk': {
      await using server = await SplunkReceiver.listen();
      const url = `http://127.0.0.1:${server.port}`;
      const texts = await produce({ ...options, 'splunk-url': url, 'splunk-token': TOKEN });
      return neutral(server.requests.flatMap(splunkLines), texts);
    }
  }
}

/** As Go's maps have no order, keys are sorted. */
function fluentdLine(message: Packed): string {
  const [tag, time, record, option] = (message as readonly Packed[]).map(plain);
  const isNumber = typeof time === 'number';
  return JSON.stringify([tag, isNumber ? '<seconds>' : '<seconds and nanoseconds>', record, option]);
}

function plain(value: Packed): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, Packed>)].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

function splunkLines({ method, path, headers, body }: SplunkRequest): readonly string[] {
  const told = ['authorization', 'content-encoding', 'x-splunk-request-channel'].flatMap((name) =>
    headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`],
  );
  return [
    [`${method} ${path}`, ...told].join(', '),
    ...body.split(/(?<=\})(?=\{"event":)/).filter((each) => each !== ''),
  ];
}

/** Replaces the values that differ between two runs, and shortens long lines. */
function neutral(lines: readonly string[], texts: Readonly<Record<string, string>>): string {
  let text = lines.join('\n');
  for (const [name, value] of Object.entries(texts)) text = text.replaceAll(value, `<${name}>`);
  return text
    .replaceAll(goJsonString(SCRIPT).slice(1, -1), '<script>')
    .replaceAll(/x{1000,}/g, (run) => `<x ${run.length}>`)
    .replaceAll(/(?<="timestamp":)\d{10}(?:\.\d{1,3})?(?=,)/g, '<seconds.milliseconds>')
    .replaceAll(/(?<="time":")\d{10}\.\d{6}(?=")/g, '<seconds.microseconds>')
    .replaceAll(/(?<="partial_id":")[0-9a-f]{64}(?=")/g, '<id of the line>')
    .replaceAll(/(?<="chunk":")[A-Za-z0-9+/]{22}==(?=")/g, '<16 bytes>')
    .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, '<uuid>');
}
