import { EngineError } from '../../base/errors.ts';
import type { Credentials } from '../../distribution/index.ts';
import { type Descriptor, parseReference, repositoryName } from '../../spec/index.ts';
import type { Progress } from '../progress/progress.ts';
import { mountSources } from './mount-sources.ts';
import { planPush } from './plan-push.ts';
import { type PushDeps, pushBlobs, putDocument } from './push-image.ts';
import { pushLines } from './push-lines.ts';

export interface BuiltPush {
  /** A manifest or an index, whose content is here and stays until the end. It need not be an image of the engine. */
  readonly descriptor: Descriptor;
  /** Canonical. Without a tag only its digest names it at the registry. */
  readonly name: string;
  readonly credentials: Credentials;
}

/** Pushes what a build has made. @throws EngineError */
export async function pushBuilt(
  deps: PushDeps,
  { descriptor, name, credentials }: BuiltPush,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const reference = parseReference(name);
  const plan = planPush(deps.content, descriptor);
  if (plan === undefined) throw new EngineError('notFound', `content of ${descriptor.digest} is missing`);
  const repository = deps.registries.repository(reference.domain, reference.path, credentials);
  const call = { repository, platform: undefined, progress, signal };
  const sources = mountSources(deps.images, reference);
  await pushBlobs(deps, plan, { ...call, lines: pushLines(progress), sources });
  for (const document of plan.documents) await putDocument(deps, repository, document, document.digest, signal);
  await putDocument(deps, repository, descriptor, reference.tag ?? descriptor.digest, signal);
  progress({ status: `${repositoryName(reference)}@${descriptor.digest}` });
}
