/** Names of BuildKit's cache format. */

export const CACHE_CONFIG_TYPE = 'application/vnd.buildkit.cacheconfig.v0';
/** Field of an image's configuration with its records, in base64. */
export const INLINE_FIELD = 'moby.buildkit.cache.v0';
/** Annotations of a layer: the digest of its plain form, and its time. */
export const UNCOMPRESSED = 'containerd.io/uncompressed';
export const CREATED_AT = 'buildkit/createdat';
