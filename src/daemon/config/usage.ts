import { OPTION_SPECS, type OptionSpec } from './options.ts';

const EXAMPLES = `Examples:
  gantryd
      Listen on /var/run/docker.sock, or on /run/gantry/gantry.sock if another engine uses the first.
  gantryd -H unix:///run/second.sock --data-root /srv/second --exec-root /run/second \\
          --bridge-name second0 --bip 10.99.0.1/16
      Run a second engine beside the first.
  gantryd --debug --log-format json --log-opt max-size=50m --log-opt max-file=3
      Enable debug output and change the rotation of container logs.
`;

/** Text of `gantryd --help`. */
export function usage(): string {
  const rows = OPTION_SPECS.filter(({ isRefused }) => isRefused !== true).map(
    (option) => [left(option), option.help] as const,
  );
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 3;
  const options = rows.map(([flag, help]) => `${flag.padEnd(width)}${help}\n`).join('');
  return `Usage:  gantryd [OPTIONS]\n\nRun the Gantry engine, which serves the Docker Engine API.\n\nOptions:\n${options}\n${EXAMPLES}`;
}

function left(option: OptionSpec): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${option.value}`;
  return `  ${short}--${option.flag}${value}`;
}
