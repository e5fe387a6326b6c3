/**
 * Writes as one array of octets, from the process that asks to the one that writes:
 *
 *     space (1) · key length (4) · value length (4), all ones for a removal · key · value        for each write
 */
import { DISK_SPACES, type DiskSpace, type DiskWrite } from './disk.ts'

const HEAD_OCTETS = 9
const REMOVED = 0xffff_ffff

/** The frame of `writes`. */
export function encodeWrites(writes: readonly DiskWrite[]): Uint8Array {
  const frame = new Uint8Array(writes.reduce((sum, { key, value }) => sum + HEAD_OCTETS + key.length + (value?.length ?? 0), 0))
  const view = new DataView(frame.buffer)
  let at = 0
  for (const { space, key, value } of writes) {
    frame[at] = DISK_SPACES.indexOf(space)
    view.setUint32(at + 1, key.length)
    view.setUint32(at + 5, value === undefined ? REMOVED : value.length)
    frame.set(key, at + HEAD_OCTETS)
    at += HEAD_OCTETS + key.length
    if (value === undefined) continue
    frame.set(value, at)
    at += value.length
  }
  return frame
}

/** The writes of a frame, as views of it. RangeError where it is none: our own bug. */
export function decodeWrites(frame: Uint8Array): DiskWrite[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const writes: DiskWrite[] = []
  for (let at = 0; at < frame.length; ) {
    const space = DISK_SPACES[frame[at]] as DiskSpace | undefined
    const keyEnd = at + HEAD_OCTETS + view.getUint32(at + 1)
    const length = view.getUint32(at + 5)
    const end = length === REMOVED ? keyEnd : keyEnd + length
    if (space === undefined || end > frame.length) throw new RangeError(`Cannot read a frame of writes at octet ${at}`)
    writes.push({ space, key: frame.subarray(at + HEAD_OCTETS, keyEnd), value: length === REMOVED ? undefined : frame.subarray(keyEnd, end) })
    at = end
  }
  return writes
}
