import * as z from 'zod/mini';
import { failed, invalid } from '../../base/errors.ts';
import { type ApplyContext, change, forAll } from '../apply/index.ts';
import type { Model, Project, Service } from '../model/index.ts';
import { type ProgramHost, runProgram } from './run-program.ts';
import { withVariables } from './with-variables.ts';

const listSchema = z.array(z.object({ tags: z.optional(z.nullable(z.array(z.string()))) }));
const statusSchema = z.object({ endpoint: z.string() });

/**
 * Pulls and configures the models of a project by docker's plugin `model`. Returns the project whose services have the address and the
 * name of each of their models as variables. With `--dry-run` nothing is pulled. @throws EngineError
 */
export async function upModels(context: ApplyContext, host: ProgramHost): Promise<Project> {
  const { project, isDry } = context;
  if (project.models.size === 0) return project;
  const path = host.findPlugin('model');
  if (path === undefined) throw invalid("'models' support requires Docker Model plugin");
  const plugin = modelPlugin(context, host, path);
  const { endpoint } = await plugin.json(['status', '--json'], statusSchema);
  const present = new Set((await plugin.json(['ls', '--json'], listSchema)).flatMap(({ tags }) => tags ?? []));
  if (!isDry) await forAll(project.models, ([key, model]) => ensureModel(context, plugin, { key, model, present }));
  return withVariables(project, (service) => variablesOf(project, service, endpoint));
}

async function ensureModel(
  context: ApplyContext,
  plugin: ModelPlugin,
  { key, model, present }: { readonly key: string; readonly model: Model; readonly present: ReadonlySet<string> },
): Promise<void> {
  const { report } = context;
  const { model: image = '', context_size, runtime_flags } = model;
  await change(context, async () => {
    if (!present.has(image)) {
      report({ id: key, text: 'Pulling', status: 'working' });
      await plugin.run(['pull', image], (text) => report({ id: key, text, status: 'working' }));
      report({ id: key, text: 'Pulled', status: 'done' });
    }
    report({ id: key, text: 'Configuring', status: 'working' });
    await plugin.run([
      'configure',
      ...(context_size === undefined || context_size === 0 ? [] : ['--context-size', String(context_size)]),
      image,
      ...(runtime_flags === undefined || runtime_flags.length === 0 ? [] : ['--', ...runtime_flags]),
    ]);
    report({ id: key, text: 'Configured', status: 'done' });
  });
}

function variablesOf(project: Project, service: Service, endpoint: string): readonly (readonly [string, string])[] {
  return [...(service.models ?? [])].flatMap(([key, names]) => {
    const prefix = key.toUpperCase().replaceAll('-', '_');
    return [
      [names?.endpoint_var || `${prefix}_URL`, endpoint],
      [names?.model_var || `${prefix}_MODEL`, project.models.get(key)?.model ?? ''],
    ] as const;
  });
}

interface ModelPlugin {
  run(args: readonly string[], onLine?: (line: string) => void): Promise<void>;
  json<T>(args: readonly string[], schema: z.ZodMiniType<T>): Promise<T>;
}

function modelPlugin({ project, signal }: ApplyContext, host: ProgramHost, path: string): ModelPlugin {
  const env = { ...host.env, ...Object.fromEntries(project.environment), COMPOSE_PROJECT_NAME: project.name };
  const run: ModelPlugin['run'] = async (args, onLine = () => {}) => {
    const { exitCode, errors } = await runProgram({ path, args, env }, onLine, signal);
    if (exitCode !== 0)
      throw failed(`docker model ${args.join(' ')}: exit status ${exitCode}${errors && `\n${errors}`}`);
  };
  return {
    run,
    async json(args, schema) {
      const lines: string[] = [];
      await run(args, (line) => lines.push(line));
      try {
        return schema.parse(JSON.parse(lines.join('\n')));
      } catch (error) {
        throw failed(`docker model ${args.join(' ')} did not answer as expected`, error);
      }
    },
  };
}
