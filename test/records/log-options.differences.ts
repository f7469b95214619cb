import type { Differences } from './compare-records.ts';

const NO_TEXT_OF_GO = 'the receiver has to be there, as with dockerd; the text of the connection is Node’s';

/** What our engine prints for options of log drivers otherwise than the record of dockerd, and why. */
export const LOG_DIFFERENCES: Differences = {
  'run --rm --log-driver awslogs --log-opt foo=x busybox true': {
    why: 'the driver is not there, whatever its options are',
    ours: refused(
      'log driver awslogs is not available in this engine: it needs the interface of Amazon CloudWatch; a forwarder that receives syslog, fluentd, gelf or splunk can pass logs on',
    ),
  },
  'run --rm --log-driver gcplogs busybox true': {
    why: 'this dockerd is built without the driver; ours says why it has not got it',
    ours: refused(
      'log driver gcplogs is not available in this engine: it needs the interface of Google Cloud Logging; a forwarder that receives syslog, fluentd, gelf or splunk can pass logs on',
    ),
  },
  'run --rm --log-driver fluentd --log-opt fluentd-async=false --log-opt fluentd-address=127.0.0.1:1 busybox true': {
    why: NO_TEXT_OF_GO,
    ours: failed('connect ECONNREFUSED 127.0.0.1:1'),
  },
  'run --rm --log-driver fluentd --log-opt fluentd-address=unix:///nonexistent busybox true': {
    why: 'a receiver that is away holds nothing up, unless fluentd-async=false asks for it',
    ours: '',
  },
  'run --rm --log-driver splunk --log-opt splunk-url=http://127.0.0.1:1 --log-opt splunk-token=t --log-opt splunk-verify-connection=true busybox true':
    { why: NO_TEXT_OF_GO, ours: failed('connect ECONNREFUSED 127.0.0.1:1') },
};

function failed(why: string): string {
  return refused(`failed to create task for container: failed to initialize logging driver: ${why}`);
}

function refused(why: string): string {
  return `! docker: Error response from daemon: ${why}\n!\n! Run 'docker run --help' for more information\n= 125`;
}
