import { drawSvg, drawText, projectGraph } from '../../compose/index.ts';
import { atLeast } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import type { ComposeCommand } from './compose-command.ts';
import { checkServices, projectOf } from './select-project.ts';

export const graph: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  args: atLeast(0),
  flags: [
    flag('--format', 'string', 'Set the format ("text", "svg", "json")', { default: 'text' }),
    flag('-o, --output', 'string', 'Write to this file instead of standard output'),
  ],
  examples: ['compose graph', 'compose graph --format svg -o app.svg'],
  details: 'Shows services, what they depend on, and the networks, volumes, secrets, configs and ports that they use.',
  async run(call, names, flags) {
    const project = await projectOf(call, names);
    checkServices(project, names);
    const text = await drawn(project.name, projectGraph(project), flags.string('format'));
    const output = flags.string('output');
    if (output === '') call.world.out.write(text);
    else call.world.writeFile(output, text);
    return 0;
  },
};

async function drawn(name: string, found: ReturnType<typeof projectGraph>, format: string): Promise<string> {
  if (format === 'text') return drawText(found, name);
  if (format === 'json') return `${JSON.stringify(found, null, 2)}\n`;
  if (format !== 'svg') throw new CliError(1, `unknown format "${format}": choose "text", "svg" or "json"`);
  return await drawSvg(found, name);
}
