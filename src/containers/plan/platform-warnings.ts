import type { HostFacts } from '../../runtime/index.ts';
import { formatPlatform, normalisePlatform, type Platform, platformRank, runnablePlatforms } from '../../spec/index.ts';

/**
 * The warning of a create when no platform was requested and the host does not run the image's platform (dockerd's
 * text).
 */
export function platformWarnings(
  image: Platform,
  facts: Pick<HostFacts, 'architecture' | 'architectureLevel'>,
): readonly string[] {
  const host = hostPlatform(facts);
  // Image configs of older builders have no variant.
  const { variant: _variant, ...plain } = host;
  const runs = [...runnablePlatforms(host), ...(image.variant === undefined ? [plain] : [])];
  if (runs.some((platform) => platformRank(platform, image) !== undefined)) return [];
  return [
    `The requested image's platform (${formatPlatform(image)}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`,
  ];
}

export function hostPlatform({
  architecture,
  architectureLevel,
}: Pick<HostFacts, 'architecture' | 'architectureLevel'>): Platform {
  return normalisePlatform({
    os: 'linux',
    architecture,
    ...(architectureLevel === undefined ? {} : { variant: architectureLevel }),
  });
}
