import { type Flag, flag } from './flag.ts';

/** Flags before the command's name. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  flag('--config', 'string', 'Set the directory of client config files (default "~/.docker")'),
  flag('-c, --context', 'string', 'Select the context for the connection (only "default" is available)'),
  flag('-D, --debug', 'bool', 'Enable debug output'),
  flag('-H, --host', 'list', 'Connect to the engine at this address (unix:///path or tcp://host:port)'),
  flag('-l, --log-level', 'string', 'Set the log level ("debug", "info", "warn", "error", "fatal")', {
    default: 'info',
  }),
  flag('--tls', 'bool', 'Use TLS (implied by --tlsverify)'),
  flag('--tlscacert', 'string', 'Trust only certificates signed by this CA (default "~/.docker/ca.pem")'),
  flag('--tlscert', 'string', 'Set the path of the TLS certificate file (default "~/.docker/cert.pem")'),
  flag('--tlskey', 'string', 'Set the path of the TLS key file (default "~/.docker/key.pem")'),
  flag('--tlsverify', 'bool', "Use TLS and verify the server's certificate"),
  flag('-v, --version', 'bool', 'Print the version and quit'),
];
