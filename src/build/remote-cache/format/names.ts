/** Names of BuildKit's cache format. */

export const CACHE_CONFIG_TYPE = 'application/vnd.buildkit.cacheconfig.v0';
/** Field of an image's configuration with its records, in base64. */
export const INLINE_FIELD = 'moby.buildkit.cache.v0';
/** Annotations of a layer: the digest of its plain form, and its time. */
export const UNCOMPRESSED = 'containerd.io/uncompressed';
export const CREATED_AT = 'buildkit/createdat';
/** Of Gantry: the archive of a cache mount's folder. BuildKit takes it for a layer that no record names. */
export const MOUNT_TYPE = 'application/vnd.gantry.cachemount.v1.tar+zstd';
/** Annotation of such an archive: the mount's id. */
export const MOUNT_ID = 'io.gantry.cachemount.id';
