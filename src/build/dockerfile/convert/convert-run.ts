import { invalid } from '../../../base/errors.ts';
import { netMode, securityMode } from '../../../grpc/messages/pb.ts';
import { execNode, fileNode, type LlbEdge } from '../../llb/index.ts';
import type { RunInstruction } from '../instructions/instruction.ts';
import { cutTabs, parseHeredocStart } from '../parse/heredocs.ts';
import type { InstructionContext } from './instruction-context.ts';
import { summary, upperKeyword } from './names.ts';
import { opPlatform } from './platform.ts';
import { proxyEnvironment } from './proxy-environment.ts';
import { runMounts } from './run-mounts.ts';
import { internalNotes } from './stage-draft.ts';

const NETWORKS = { default: netMode.UNSET, none: netMode.NONE, host: netMode.HOST } as const;
/** Where the script of a heredoc with a first line `#!` is. */
const SCRIPT_FOLDER = '/dev/pipes/';

/** @throws EngineError invalid, also for devices */
export function convertRun(run: RunInstruction, context: InstructionContext): void {
  const { stage, input } = context;
  if (run.devices.length > 0) throw invalid('RUN --device is not supported: this builder gives steps no devices');
  const command = commandOf(run);
  const args = run.command.usesShell ? [...stage.image.shell, command.line] : [...run.command.words];
  const mounts = runMounts(run, context);
  const options = input.run;
  const network = run.network === 'default' ? options.network : NETWORKS[run.network];
  const meta = {
    args,
    env: stage.env.list(),
    cwd: stage.folder,
    user: stage.image.settings.User,
    proxy_env: proxyEnvironment(input.buildArgs),
    extraHosts: options.extraHosts,
    hostname: options.hostname,
    ulimit: options.ulimits,
    cgroupParent: options.cgroupParent,
    removeMountStubsRecursive: true,
  };
  const text = run.code + command.note;
  const name = stage.nameStep(upperKeyword(context.showCommand(text)));
  const notes = stage.stepNotes(name, run.range, run.code);
  const script = command.script === undefined ? undefined : scriptEdge(command.script);
  stage.image.addHistory(`RUN ${historyOf(args, context)}`, { hasLayer: true, isStep: true });
  stage.steps.push((tree, built) => {
    const node = execNode({
      root: tree,
      meta: withAgent(meta, mounts.agentSocket),
      mounts: [
        ...(script === undefined ? [] : [{ target: SCRIPT_FOLDER, source: script, selector: '/', isReadOnly: true }]),
        ...mounts.list(built),
      ],
      secrets: mounts.secrets,
      secretEnvironment: mounts.secretEnvironment,
      network,
      security: run.security === 'insecure' ? securityMode.INSECURE : securityMode.SANDBOX,
      platform: opPlatform(stage.platform),
      ...notes,
      metadata: { ...notes.metadata, linux_resources: options.resources },
    });
    return { node, output: 0 };
  });
}

interface RunCommand {
  readonly line: string;
  /** What the name of the step has beside the instruction. */
  readonly note: string;
  readonly script?: { readonly name: string; readonly content: string };
}

/** The command line of the shell form. Several heredocs, and one with a command before it, are the shell's own. */
function commandOf({ command, files }: RunInstruction): RunCommand {
  const line = command.words.join(' ');
  const [file] = files;
  if (file === undefined || !command.usesShell) return { line, note: '' };
  const start = command.words.length === 1 ? parseHeredocStart(command.words[0] ?? '') : undefined;
  if (start === undefined || files.length > 1) {
    return { line: [line, ...files.map(({ name, content }) => content + name)].join('\n'), note: '' };
  }
  const content = file.cutsTabs ? cutTabs(file.content) : file.content;
  const note = ` (${summary(content)})`;
  if (!content.startsWith('#!')) return { line: content, note };
  return { line: SCRIPT_FOLDER + file.name, note, script: { name: file.name, content } };
}

function scriptEdge({ name, content }: { readonly name: string; readonly content: string }): LlbEdge {
  const mkfile = { path: `/${name}`, mode: 0o755, data: Buffer.from(content), timestamp: -1n };
  const node = fileNode({ base: undefined, changes: [{ mkfile }], ...internalNotes('preparing inline document') });
  return { node, output: 0 };
}

function withAgent<M extends { readonly env: readonly string[] }>(meta: M, socket: string | undefined): M {
  if (socket === undefined || meta.env.some((entry) => entry.startsWith('SSH_AUTH_SOCK='))) return meta;
  return { ...meta, env: [...meta.env, `SSH_AUTH_SOCK=${socket}`] };
}

/** The build arguments and the command, as `docker history` shows them. */
function historyOf(args: readonly string[], { stage }: InstructionContext): string {
  const values = new Map<string, string>();
  for (const { key, value = '' } of stage.buildArgs) values.set(key, stage.env.get(key) ?? value);
  const list = [...values].map(([key, value]) => `${key}=${value}`);
  return [...(list.length === 0 ? [] : [`|${list.length}`, ...list]), ...args].join(' ');
}
