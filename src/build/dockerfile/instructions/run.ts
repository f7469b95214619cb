import { invalid } from '../../../base/errors.ts';
import type { ParsedInstruction } from '../parse/tree.ts';
import { quote } from '../values/quote.ts';
import { readFlags } from './flags.ts';
import type { Command, RunInstruction, Source } from './instruction.ts';
import { checkMount } from './parse-mount.ts';
import { parseDevice } from './run-device.ts';

const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITIES = ['sandbox', 'insecure'] as const;

/** @throws EngineError invalid */
export function readRun(parsed: ParsedInstruction, source: Source): RunInstruction {
  const flags = readFlags(parsed.flags, {
    mount: 'texts',
    network: 'text',
    security: 'text',
    device: 'texts',
  });
  const networkName = flags.names.includes('network') ? flags.text('network') : 'default';
  const securityName = flags.names.includes('security') ? flags.text('security') : 'sandbox';
  const network = NETWORKS.find((each) => each === networkName);
  const security = SECURITIES.find((each) => each === securityName);
  const devices = flags.texts('device').map(parseDevice);
  for (const mount of flags.texts('mount')) checkMount(mount);
  if (network === undefined) throw invalid(`invalid network mode ${quote(networkName)}`);
  if (security === undefined) throw invalid(`security ${quote(securityName)} is not valid`);
  return {
    ...source,
    kind: 'run',
    command: commandOf(parsed),
    files: parsed.heredocs.map(({ name, content, cutsTabs }) => ({ name, content, cutsTabs })),
    mounts: flags.texts('mount'),
    network,
    security,
    devices,
    flags: flags.names,
  };
}

/** The exec form, or one text for the shell. */
export function commandOf({ words, isJson }: ParsedInstruction): Command {
  return { words, usesShell: !isJson };
}
