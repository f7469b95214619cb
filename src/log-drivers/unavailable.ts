import { ownValue } from '../base/own-value.ts';

/** Log drivers of Docker that this engine has not, and why. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  awslogs: 'it needs the interface of Amazon CloudWatch',
  etwlogs: 'it is for Windows',
  gcplogs: 'it needs the interface of Google Cloud Logging',
};

/** Why a driver that Docker knows is not there. Undefined for other names. */
export function unavailability(name: string): string | undefined {
  const why = ownValue(UNAVAILABLE, name);
  if (why === undefined) return undefined;
  return `log driver ${name} is not available in this engine: ${why}; a forwarder that receives syslog, fluentd, gelf or splunk can pass logs on`;
}
