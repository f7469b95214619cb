import { type Digest, digestHex, shortId } from '../../base/ids.ts';
import { type LayerLines, layerLines } from '../progress/layer-lines.ts';
import type { Progress } from '../progress/progress.ts';

/** The lines of the layers of one push, by the ids in `docker push`. */
export interface PushLines {
  /** The lines of a layer. The first call shows that the layer is being prepared. */
  of(shownAs: Digest): LayerLines;
}

export function pushLines(progress: Progress): PushLines {
  const known = new Map<Digest, LayerLines>();
  return {
    of(shownAs) {
      const lines = known.get(shownAs) ?? layerLines(shortId(digestHex(shownAs)), progress);
      if (!known.has(shownAs)) lines.state('Preparing');
      known.set(shownAs, lines);
      return lines;
    },
  };
}
