/** What a build is made of. */
export interface BuildContext {
  /** Folder of the build, for what it downloads. */
  readonly folder: string;
  /** Folder with the files that COPY and ADD may take. */
  readonly path: string;
  /** The text of the Dockerfile. */
  readonly dockerfile: string;
  /** Its path in the context, for errors. */
  readonly dockerfilePath: string;
}
