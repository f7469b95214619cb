export {
  busyboxArchive,
  busyboxEntries,
  busyboxRootfs,
  findBusybox,
  imageArchive,
} from '../../tools/busybox-image.mjs';
export { type TarEntry, tarArchive, tarEntry } from '../../tools/tar-writer.mjs';
