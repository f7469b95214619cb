import type { LogDriver } from '../log-driver.ts';
import type { LogOptions } from '../log-options.ts';
import type { LogSender, LogSubject } from '../log-sender.ts';
import { expandTag } from '../tag.ts';
import { parseSyslogAddress } from './syslog-address.ts';
import { openSyslogChannel } from './syslog-channel.ts';
import { parseFacility } from './syslog-facility.ts';
import { encodeSyslog, parseSyslogFormat, type SyslogHead } from './syslog-format.ts';
import { syslogTls } from './syslog-tls.ts';

/** Sends lines to a syslog receiver: by UDP, TCP, TLS, a unix socket, or to that of the host. */
export const syslog: LogDriver = {
  name: 'syslog',
  title: 'syslog log driver',
  options: new Set([
    'env',
    'env-regex',
    'labels',
    'labels-regex',
    'syslog-address',
    'syslog-facility',
    'syslog-format',
    'syslog-tls-ca-cert',
    'syslog-tls-cert',
    'syslog-tls-key',
    'syslog-tls-skip-verify',
    'tag',
  ]),
  keepsOutput: true,
  showsPath: false,
  check(options) {
    parseSyslogAddress(options['syslog-address'] ?? '');
    parseFacility(options['syslog-facility']);
    parseSyslogFormat(options['syslog-format']);
  },
  openSender: openSyslogSender,
};

function openSyslogSender(subject: LogSubject, options: LogOptions): LogSender {
  const address = parseSyslogAddress(options['syslog-address'] ?? '');
  const format = parseSyslogFormat(options['syslog-format']);
  const head: SyslogHead = {
    format,
    facility: parseFacility(options['syslog-facility']),
    tag: expandTag(options['tag'] ?? '', subject, '{{.ID}}'),
    hostName: subject.hostName,
    pid: process.pid,
    counted: address.kind === 'tcp+tls' && format.startsWith('rfc5424'),
  };
  const tls = address.kind === 'tcp+tls' ? syslogTls(options, address.host) : {};
  const channel = openSyslogChannel(address, tls);
  return {
    send: (messages, signal) => channel.write(encodeSyslog(head, messages), signal),
    close: () => channel.close(),
  };
}
