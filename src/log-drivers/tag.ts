import { invalid, messageOf } from '../base/errors.ts';
import { display, Fields, GoTime, goMap, Template, type Value } from '../base/template/index.ts';
import { formatNanos } from '../base/time.ts';
import type { LogSubject } from './log-sender.ts';

/** The template of most drivers. */
export const DEFAULT_TAG = '{{.ID}}';

/** A tag comes with a request, and is expanded in the engine. */
const LIMITS = { steps: 10_000, letters: 64 * 1024 };

/**
 * Expands a tag: a Go template with the fields and methods that dockerd has there (`{{.Name}}/{{.ID}}`). An empty or missing one means
 * `fallback`. `.Config` and `.LogPath` are empty.
 * @throws EngineError invalid in dockerd's words
 */
export function expandTag(template: string | undefined, subject: LogSubject, fallback: string): string {
  try {
    return new Template(template || fallback, 'log-tag').execute(tagFields(subject), LIMITS);
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
}

function tagFields(subject: LogSubject): Fields {
  const { containerId, containerName, imageId, imageName, entrypoint, args, daemonName } = subject;
  const data: Readonly<Record<string, Value>> = {
    Config: goMap({}),
    ContainerID: containerId,
    ContainerName: `/${containerName}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: args,
    ContainerImageID: imageId,
    ContainerImageName: imageName,
    ContainerCreated: new GoTime(formatNanos(subject.createdNanos)),
    ContainerEnv: subject.env,
    ContainerLabels: goMap({ ...subject.labels }),
    LogPath: '',
    DaemonName: daemonName,
  };
  const methods: Readonly<Record<string, Value>> = {
    ID: () => containerId.slice(0, 12),
    FullID: () => containerId,
    Name: () => containerName,
    // As dockerd's: the twelve characters include the algorithm.
    ImageID: () => imageId.slice(0, 12),
    ImageFullID: () => imageId,
    ImageName: () => imageName,
    Command: () => commandOf(subject),
    Hostname: () => subject.hostName,
    ExtraAttributes: (_rename: Value) => goMap({ ...subject.attributes }),
  };
  return new Fields('*logger.Info', { ...data, ...methods }, data, display(data));
}

/** The program and its arguments, joined by spaces. */
export function commandOf({ entrypoint, args }: LogSubject): string {
  return [entrypoint, ...args].join(' ');
}
