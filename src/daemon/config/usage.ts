import { OPTION_SPECS, type OptionSpec } from './options.ts';

const EXAMPLES = `Examples:
  gantryd
      Serve /var/run/docker.sock, or /run/gantry/gantry.sock when another engine does.
  gantryd -H unix:///run/second.sock --data-root /srv/second --exec-root /run/second \\
          --bridge-name second0 --bip 10.99.0.1/16
      A second engine beside the first.
  gantryd --debug --log-format json --log-opt max-size=50m --log-opt max-file=3
      More log of the engine, other limits for the logs of containers.
`;

/** Text of `gantryd --help`. */
export function usage(): string {
  const rows = OPTION_SPECS.filter(({ isRefused }) => isRefused !== true).map(
    (option) => [left(option), option.help] as const,
  );
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 3;
  const options = rows.map(([flag, help]) => `${flag.padEnd(width)}${help}\n`).join('');
  return `Usage:  gantryd [OPTIONS]\n\nThe Gantry engine: serves the Docker Engine API.\n\nOptions:\n${options}\n${EXAMPLES}`;
}

function left(option: OptionSpec): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${option.value}`;
  return `  ${short}--${option.flag}${value}`;
}
