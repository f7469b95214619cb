import { readFileSync } from 'node:fs';
import { invalid, messageOf } from '../../../base/errors.ts';
import {
  type ApplyContext,
  byBytes,
  checkPublication,
  concerns,
  digestsFile,
  imagesIndex,
  loadProject,
  type OciVersion,
  type Project,
  type PublishedFile,
  publishedFiles,
  reporting,
  writeProject,
} from '../../../compose/index.ts';
import {
  canonicalString,
  type Descriptor,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../../spec/index.ts';
import { exactly } from '../../command.ts';
import { CliError } from '../../errors.ts';
import { flag } from '../../flags/flag.ts';
import type { Flags } from '../../flags/parse.ts';
import { confirm } from '../../prompt.ts';
import { openRepositories, type Repositories } from '../../registry/repositories.ts';
import { changing, isDryRun } from '../changing.ts';
import type { ComposeCall, ComposeCommand } from '../compose-command.ts';
import { imagesOnly, withDigests } from '../config/image-digests.ts';
import { pushImages } from '../image-commands.ts';
import { openProject } from '../load-request.ts';
import { copyImage } from './copy-image.ts';
import { pushArtifact } from './push-artifact.ts';

export const publish: ComposeCommand = {
  usage: '[OPTIONS] REPOSITORY[:TAG]',
  args: exactly(1),
  examples: [
    'compose publish registry.example.com/team/app:1.2',
    'compose publish --with-env --resolve-image-digests registry.example.com/team/app:1.2',
    'compose -f oci://registry.example.com/team/app:1.2 up -d',
  ],
  flags: [
    flag('--app', 'bool', 'Publish the images of the services too'),
    flag('--insecure-registry', 'bool', '', { hidden: true }),
    flag(
      '--oci-version',
      'string',
      'Set the version of the OCI specification (1.0, 1.1; default: what the registry takes)',
    ),
    flag('--resolve-image-digests', 'bool', 'Pin the images to their digests'),
    flag('--with-env', 'bool', 'Publish variables and files of variables too'),
    flag('-y, --yes', 'bool', 'Do not ask for confirmation'),
  ],
  async run(call, [name = ''], flags) {
    const target = targetOf(name);
    const version = versionOf(flags);
    const opened = await openProject(call);
    const source = { ...opened.source, profiles: ['*'] };
    const project = await loadProject(opened.loading, source);
    checkPublication(project, { withEnvironment: flags.bool('with-env') });
    const { environment } = project;
    const publication = publishedFiles({ loading: opened.loading, environment, readBytes: readFileSync }, source);
    if (!flags.bool('yes')) {
      const searched = [
        ...publication.composeFiles,
        ...publication.envFiles.map(({ path, content }) => ({ path, text: content.toString() })),
        ...filesOf(project, call),
      ];
      const lines = concerns(project, searched);
      if (lines.length > 0) await confirmed(call, lines);
    }
    await changing(call, { project, title: 'Publishing' }, async (context) => {
      await pushBuilt(call, context);
      const digests = flags.bool('resolve-image-digests') || flags.bool('app');
      const files = [...publication.files, ...(digests ? [await pinned(call, project)] : [])];
      await reporting(context.report, { id: name, doing: 'publishing', done: 'published' }, async () => {
        if (!isDryRun(call)) await push(call, context, { target, version, files, flags });
      });
    });
    return 0;
  },
};

/** @throws CliError when the answer is no: nothing has been published */
async function confirmed({ world: { cli } }: ComposeCall, lines: readonly string[]): Promise<void> {
  try {
    await confirm(cli, lines.join('\n'));
  } catch (error) {
    if (error instanceof CliError && error.exitCode === 0) throw new CliError(1, 'nothing was published');
    throw error;
  }
}

function targetOf(name: string): Reference {
  const reference = withDefaultTag(parseReference(name));
  if (reference.digest !== undefined)
    throw invalid(`${name}: a project is published under a tag: its digest is that of what is published`);
  return reference;
}

function versionOf(flags: Flags): OciVersion | undefined {
  const version = flags.string('oci-version');
  if (version === '') return undefined;
  if (version === '1.0' || version === '1.1') return version;
  throw new CliError(1, `unsupported OCI version: ${version}`);
}

/** Files that are not published, but whose content a service would have: a secret in a config's file may be a mistake. */
function filesOf(project: Project, { world }: ComposeCall) {
  const paths = [...project.configs.values(), ...project.secrets.values()].flatMap(({ file }) => (file ? [file] : []));
  return paths
    .filter((path) => world.files.kindOf(path) === 'file')
    .map((path) => ({ path, text: world.files.read(path) }));
}

/** Pushes the images that the project builds. As with docker compose, a failure is told, and the rest goes on. */
async function pushBuilt(call: ComposeCall, { project, report }: ApplyContext): Promise<void> {
  for (const [name, service] of [...project.services].sort(([a], [b]) => byBytes(a, b))) {
    if (service.build === undefined || isDryRun(call)) report({ id: name, text: 'Skipped', status: 'done' });
    else await pushImages(call, project, [service], { isQuiet: true, ignoresFailures: true });
  }
}

async function pinned({ world: { cli } }: ComposeCall, project: Project): Promise<PublishedFile> {
  return digestsFile(writeProject(imagesOnly(await withDigests(cli, project)), 'yaml'));
}

interface Push {
  readonly target: Reference;
  readonly version: OciVersion | undefined;
  readonly files: readonly PublishedFile[];
  readonly flags: Flags;
}

async function push(call: ComposeCall, { project, signal }: ApplyContext, given: Push): Promise<void> {
  const { target, version, files, flags } = given;
  const insecure = call.root.list('insecure-registry');
  const isInsecure = (domain: string): boolean =>
    insecure.includes(domain) || (flags.bool('insecure-registry') && domain === target.domain);
  await using repositories = openRepositories(call.world.cli, isInsecure);
  const repository = await repositories.repository(target);
  const { tag = 'latest' } = target;
  const { manifest } = await pushArtifact(repository, { files, tag, ...(version ? { version } : {}) }, signal);
  if (!flags.bool('app')) return;
  const images: Descriptor[] = [];
  for (const [, { image = '' }] of [...project.services].sort(([a], [b]) => byBytes(a, b))) {
    // A service of a provider has none.
    if (image !== '') images.push(await copied(repositories, image, target, signal));
  }
  const index = imagesIndex(images, manifest.descriptor);
  const { mediaType, digest } = index.descriptor;
  await repository.putManifest(digest, { mediaType, bytes: index.content }, signal);
}

/** Copies the image of a service beside the project. */
async function copied(
  repositories: Repositories,
  image: string,
  target: Reference,
  signal: AbortSignal,
): Promise<Descriptor> {
  const source = withDefaultTag(parseReference(image));
  try {
    const [from, to] = [await repositories.repository(source), await repositories.repository(target)];
    const mountFrom = source.domain === target.domain ? [source.path] : [];
    const { mediaType, digest, size } = await copyImage(
      { from, to, mountFrom },
      source.digest ?? source.tag ?? 'latest',
      signal,
    );
    const host = source.domain.replace(/:\d+$/, '');
    return { mediaType, digest, size, annotations: { [`containerd.io/distribution.source.${host}`]: source.path } };
  } catch (error) {
    throw new CliError(1, `cannot copy ${canonicalString(source)}: ${messageOf(error)}`, { cause: error });
  }
}
