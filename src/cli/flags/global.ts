import { type Flag, flag } from './flag.ts';

/** Flags before the command's name. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  flag('--config', 'string', 'Folder of the client configuration (default "~/.docker")'),
  flag('-c, --context', 'string', 'Name of the context to connect by; only "default" is known'),
  flag('-D, --debug', 'bool', 'Show details of failures'),
  flag('-H, --host', 'list', 'Address of the engine: unix:///path or tcp://host:port'),
  flag('-l, --log-level', 'string', 'Least severity that is logged ("debug", "info", "warn", "error", "fatal")', {
    default: 'info',
  }),
  flag('--tls', 'bool', 'Use TLS; implied by --tlsverify'),
  flag('--tlscacert', 'string', 'Trust only servers that this CA has signed (default "~/.docker/ca.pem")'),
  flag('--tlscert', 'string', 'Certificate to show to the server (default "~/.docker/cert.pem")'),
  flag('--tlskey', 'string', 'Key of that certificate (default "~/.docker/key.pem")'),
  flag('--tlsverify', 'bool', "Use TLS and check the server's certificate"),
  flag('-v, --version', 'bool', 'Print the version and quit'),
];
