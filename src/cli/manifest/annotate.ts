import { ownValue } from '../../base/own-value.ts';
import { type Command, exactly } from '../command.ts';
import { CliError } from '../errors.ts';
import { flag } from '../flags/flag.ts';
import { splitSlices } from '../flags/slices.ts';
import { orderedPlatform } from './image-manifest.ts';
import { ManifestStore } from './manifest-store.ts';
import { parseName } from './name.ts';

/** The platforms that docker accepts, and newer ones of Go and Linux. */
const PLATFORMS: Readonly<Record<string, readonly string[]>> = {
  darwin: ['386', 'amd64', 'arm', 'arm64'],
  dragonfly: ['amd64'],
  freebsd: ['386', 'amd64', 'arm', 'arm64'],
  linux: ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips64', 'mips64le', 'ppc64le', 'riscv64', 's390x'],
  netbsd: ['386', 'amd64', 'arm'],
  openbsd: ['386', 'amd64', 'arm'],
  plan9: ['386', 'amd64'],
  solaris: ['amd64'],
  windows: ['386', 'amd64', 'arm64'],
};

export const annotateManifest: Command = {
  usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
  args: exactly(2),
  examples: ['manifest annotate --arch arm64 --variant v8 localhost:5000/app:v2 localhost:5000/app:v2-arm'],
  flags: [
    flag('--arch', 'string', 'Set the architecture'),
    flag('--os', 'string', 'Set the operating system'),
    flag('--os-features', 'stringSlice', 'Set the required features of the operating system'),
    flag('--os-version', 'string', 'Set the version of the operating system'),
    flag('--variant', 'string', 'Set the variant of the architecture'),
  ],
  async run(cli, [listName = '', imageName = ''], flags) {
    const list = parseName(listName, `annotate: error parsing name for manifest list ${listName}: `);
    const name = parseName(imageName, `annotate: error parsing name for manifest ${imageName}: `);
    const store = new ManifestStore(cli.config.dir);
    const image = store.image(list.full, name.full);
    if (image === undefined) {
      throw new CliError(1, `manifest for image ${imageName} does not exist in ${listName}`);
    }
    const { platform: old } = image.Descriptor;
    const platform = orderedPlatform({
      architecture: flags.string('arch') || (old?.architecture ?? ''),
      os: flags.string('os') || (old?.os ?? ''),
      variant: flags.string('variant') || (old?.variant ?? ''),
      'os.version': flags.string('os-version') || (old?.['os.version'] ?? ''),
      'os.features': [...new Set([...(old?.['os.features'] ?? []), ...splitSlices(flags.list('os-features'))])],
    });
    if (ownValue(PLATFORMS, platform.os)?.includes(platform.architecture) !== true) {
      throw new CliError(
        1,
        `manifest entry for image has unsupported os/arch combination: ${flags.string('os')}/${flags.string('arch')}`,
      );
    }
    store.save(list.full, name.full, { ...image, Descriptor: { ...image.Descriptor, platform } });
    return 0;
  },
};
