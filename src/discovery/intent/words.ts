/**
 * Text as terms that can be compared: words without their endings, and pieces of three to five letters, which meet where
 * words are spelt, joined or derived otherwise. Nothing here knows a language but for common words and endings of English.
 */
import { MAX_INTENT_TERMS } from '../../dns/limits-discovery.ts'

/** Words that say nothing of what is wanted. */
const COMMON: ReadonlySet<string> = new Set((
  'a about all am an and any are as at be been but by can could do does for from get give had has have help her him his how i if in into is it its let like look make may me more my need '
  + 'not of off on one or our out over please should show so some somebody someone something tell than that the their them then there these they this those to up us use want was we were what when '
  + 'where which who will with would you your agent agents service capability able according whether'
).split(' '))

/** Endings that do not change what a word is about, the longest first. */
const ENDINGS = ['ings', 'ions', 'ing', 'ion', 'ies', 'ers', 'ors', 'ed', 'er', 'or', 'es', 'ly', 'al', 's', 'e', 'y']
/** Letters that must be left of a word without its ending. */
const LEAST_STEM = 3
const [SHORTEST_PIECE, LONGEST_PIECE] = [3, 5]

/** The words of a text, stemmed, common ones left out: `Translating the invoices` → `translat invoic`. At most MAX_INTENT_TERMS. */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [word] of plain(text).matchAll(/[\p{L}\p{N}]+/gu)) {
    if (COMMON.has(word)) continue
    words.push(stem(word))
    if (words.length === MAX_INTENT_TERMS) break
  }
  return words
}

/** Pieces of the words, each with its borders: `ocr` → `_oc ocr cr_ _ocr ocr_ _ocr_`. At most MAX_INTENT_TERMS for each length. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = []
  for (const word of wordsOf(text)) {
    const bordered = `_${word}_`
    for (let size = SHORTEST_PIECE; size <= LONGEST_PIECE; size++) {
      for (let at = 0; at + size <= bordered.length; at++) pieces.push(bordered.slice(at, at + size))
    }
    if (pieces.length >= MAX_INTENT_TERMS * (LONGEST_PIECE - SHORTEST_PIECE + 1)) break
  }
  return pieces
}

/** Small letters without marks, words that were joined by capitals parted: `translateText` → `translate text`. */
function plain(text: string): string {
  return text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

function stem(word: string): string {
  for (const ending of ENDINGS) {
    if (word.length - ending.length >= LEAST_STEM && word.endsWith(ending)) return withoutAt(undouble(word.slice(0, -ending.length)))
  }
  return word
}

/** `summarization` is of `summarize`, and `translate` of what is left of both. */
function withoutAt(word: string): string {
  return word.endsWith('at') && word.length - 2 > LEAST_STEM ? word.slice(0, -2) : word
}

/** `planning` is of `plan`. */
function undouble(word: string): string {
  const last = word.at(-1)
  return word.length > LEAST_STEM && last === word.at(-2) && !'aeiouls'.includes(last ?? '') ? word.slice(0, -1) : word
}
