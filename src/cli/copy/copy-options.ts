export interface CopyOptions {
  readonly ownedByUser: boolean;
  readonly followLink: boolean;
  readonly quiet: boolean;
}
