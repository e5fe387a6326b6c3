/**
 * A draft written into an image that nobody reads, or into a larger one where it does not fit: for what is no change of
 * a zone in service, such as the zone as its file is to have it.
 */
import { ImageFull, ZoneEditor } from '../zone/editor.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { EditorDraft } from './draft.ts'
import type { EngineOptions } from './world.ts'

/** `image`, or the larger one that `rebuild` made of it, with what `draft` has changed above it. ImageFull where none can be large enough. */
export async function settleImage(image: ZoneImage, draft: EditorDraft, rebuild: EngineOptions['rebuild']): Promise<ZoneImage> {
  let least = 0
  for (let into = image; ; ) {
    const editor = new ZoneEditor(into)
    try {
      editor.begin()
      draft.writeTo(editor)
      editor.commit()
      return into
    } catch (fault) {
      editor.abort()
      if (!(fault instanceof ImageFull)) throw fault
      const larger = await rebuild(into, least)
      const size = larger.octets.length
      if (size <= least) throw fault // as large as can be
      draft.rebase((into = larger))
      least = size
    }
  }
}
