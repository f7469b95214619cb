/** The annotation in which containerd, and so Docker, keeps the origin of content. */
export const SOURCE_ANNOTATION = 'containerd.io/distribution.source.';
