import { invalid } from '../../base/errors.ts';
import { familiarString, imageName, parseReference, withDefaultTag, withTag } from '../../spec/index.ts';
import type { ImagesDeps } from '../model/deps.ts';
import { imageEvent } from '../model/image-event.ts';

/** Gives an image another name. A name that another image has moves. @throws EngineError notFound, invalid */
export function tagImage(deps: ImagesDeps, ref: string, target: { readonly repo: string; readonly tag: string }): void {
  // As in dockerd, a missing repository changes nothing.
  if (target.repo === '') return;
  const repository = parseReference(target.repo);
  if (repository.digest !== undefined) throw invalid('cannot import digest reference');
  const named = target.tag === '' ? withDefaultTag(repository) : withTag(repository, target.tag);
  const image = deps.images.resolve(ref);
  deps.images.tag(image.target.digest, imageName(named));
  imageEvent(deps, 'tag', image, familiarString(named));
}
