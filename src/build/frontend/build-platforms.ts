import { formatPlatform, normalisePlatform, type Platform } from '../../spec/index.ts';
import { sbomOptions } from '../attest/index.ts';
import type { FrontendAttestation } from './attestation.ts';
import type { FrontendResult } from './bridge.ts';
import { type Conversion, convertPlatform } from './convert-platform.ts';
import type { FrontendBuild } from './frontend-build.ts';
import { openScanner, type Scanner } from './scan-packages.ts';
import { showWarnings } from './warnings.ts';

/** Converts the Dockerfile for all platforms. @throws EngineError */
export async function buildPlatforms(build: FrontendBuild, signal: AbortSignal): Promise<FrontendResult> {
  const { options, bridge, source, context } = build;
  const sbom = sbomOptions(build.request.options);
  const scanner = sbom && (await openScanner(bridge, sbom, signal));
  const conversions = await Promise.all(options.platforms.map((platform) => convertPlatform(build, platform, signal)));
  const [first] = conversions;
  if (first !== undefined) {
    showWarnings(bridge, first.lint.warnings, { source, digest: context.dockerfile.node.digest });
  }
  for (const conversion of conversions) throwFault(conversion);
  return resultOf(conversions, { isMultiPlatform: options.isMultiPlatform, scanner });
}

/** @throws EngineError the fault of a conversion, or of the rules where they fail the build */
function throwFault({ error, lint }: Conversion): void {
  if (error !== undefined) throw error;
  if (lint.error !== undefined) throw lint.error;
}

function resultOf(
  conversions: readonly Conversion[],
  { isMultiPlatform, scanner }: { readonly isMultiPlatform: boolean; readonly scanner: Scanner | undefined },
): FrontendResult {
  const refs: { id: string; edge: FrontendResult['refs'][number]['edge'] }[] = [];
  const metadata = new Map<string, Uint8Array>();
  const platforms: Platform[] = [];
  const attestations = new Map<string, readonly FrontendAttestation[]>();
  for (const { converted } of conversions) {
    if (converted === undefined) continue;
    platforms.push(normalisePlatform(converted.platform));
    const platform = formatPlatform(normalisePlatform(converted.platform));
    const id = isMultiPlatform ? platform : '';
    const suffix = isMultiPlatform ? `/${id}` : '';
    refs.push({ id, edge: converted.edge });
    metadata.set(`containerimage.config${suffix}`, converted.config);
    if (scanner !== undefined) {
      attestations.set(platform, [scanner({ ...converted.scanned, edge: converted.edge, platform })]);
    }
    if (converted.baseConfig !== undefined) metadata.set(`containerimage.base.config${suffix}`, converted.baseConfig);
  }
  metadata.set('refs.platforms', Buffer.from(JSON.stringify({ Platforms: platforms.map(platformEntry) })));
  return { refs, metadata, attestations };
}

function platformEntry(platform: Platform) {
  const { os, architecture, variant } = platform;
  return {
    ID: formatPlatform(platform),
    Platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
  };
}
