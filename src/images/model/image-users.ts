/** What `images` asks about containers: who uses an image. Given by the wiring. */
export interface ImageUsers {
  /** Containers made from the image id. */
  usersOf(imageId: string): readonly { readonly id: string; readonly running: boolean }[];
}
