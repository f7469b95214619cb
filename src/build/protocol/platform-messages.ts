import type { Init } from '../../grpc/index.ts';
import type { Platform as PlatformMessage, platform } from '../../grpc/messages/pb.ts';
import type { Platform } from '../../spec/index.ts';

export function platformMessage(given: Platform): Init<typeof platform> {
  return {
    OS: given.os,
    Architecture: given.architecture,
    Variant: given.variant ?? '',
    OSVersion: given['os.version'] ?? '',
    OSFeatures: given['os.features'] ?? [],
  };
}

export function readPlatform(message: PlatformMessage | undefined): Platform | undefined {
  if (message === undefined || message.OS === '') return undefined;
  const { OS: os, Architecture: architecture, Variant: variant, OSVersion: version, OSFeatures: features } = message;
  return {
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === '' ? {} : { 'os.version': version }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  };
}
