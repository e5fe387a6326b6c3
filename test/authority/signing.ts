/**
 * Signs zones for tests: NSEC (RFC 4034 4) or NSEC3 chains (RFC 5155 7.1) as a signer would make them, and RRSIG
 * records that cover the right types but hold no signature.
 */
import { compareNames, hashOf, isWithin, labelsOf, textOf, type HashParams } from './naming.ts'

/** How absence is to be proven; opt-out leaves insecure delegations out of the chain (RFC 5155 6). */
export type Chain = { kind: 'nsec' } | ({ kind: 'nsec3'; optOut: boolean } & HashParams)

/** Owner in presentation form → type → RDATA of its records. */
export type Records = Map<string, Map<string, string[]>>

const SIGNATURE_TAIL = '20380101000000 20200101000000 1'

/** The master file of the zone `apex` with its chain and signatures. */
export function signedText(apex: string, records: Records, chain: Chain): string {
  const apexLabels = labelsOf(apex)
  const names = [...records.keys()].map(labelsOf)
  const cuts = names.filter((name) => name.length > apexLabels.length && records.get(textOf(name))?.has('NS') === true)
  const shown = names.filter((name) => !cuts.some((cut) => cut.length < name.length && isWithin(name, cut)))
  const lines: string[] = []
  const sign = (owner: string, type: string): number => lines.push(signatureOf(owner, type, apex))
  if (chain.kind === 'nsec3') records.get(apex)?.set('NSEC3PARAM', [`1 0 ${chain.iterations} ${chain.salt}`])
  for (const [owner, types] of records) {
    const isCut = cuts.some((cut) => textOf(cut) === textOf(labelsOf(owner)))
    const isShown = shown.some((name) => textOf(name) === textOf(labelsOf(owner)))
    for (const [type, rdatas] of types) {
      for (const rdata of rdatas) lines.push(`${owner} 300 ${type} ${rdata}`)
      if (isShown && (!isCut || type === 'DS')) sign(owner, type)
    }
  }
  lines.push(...(chain.kind === 'nsec' ? nsecChain(apex, shown, records) : nsec3Chain(apex, apexLabels, shown, records, chain)))
  return `${lines.join('\n')}\n`
}

/** An RRSIG record that covers `type` at `owner` and holds no signature. */
export function signatureOf(owner: string, type: string, apex: string): string {
  const labels = labelsOf(owner)
  return `${owner} 300 RRSIG ${type} 13 ${labels[0] === '*' ? labels.length - 1 : labels.length} 300 ${SIGNATURE_TAIL} ${apex} AAAA`
}

function nsecChain(apex: string, shown: string[][], records: Records): string[] {
  const ordered = [...shown].sort(compareNames)
  return ordered.flatMap((name, i) => {
    const owner = textOf(name)
    const types = [...(records.get(owner)?.keys() ?? []), 'NSEC', 'RRSIG']
    return [`${owner} 300 NSEC ${textOf(ordered[(i + 1) % ordered.length])} ${types.join(' ')}`, signatureOf(owner, 'NSEC', apex)]
  })
}

function nsec3Chain(apex: string, apexLabels: string[], shown: string[][], records: Records, chain: HashParams & { optOut: boolean }): string[] {
  const isLeftOut = (name: string[]): boolean => {
    const types = records.get(textOf(name))
    return chain.optOut && name.length > apexLabels.length && types?.has('NS') === true && !types.has('DS')
  }
  const kept = shown.filter((name) => !isLeftOut(name))
  const names = new Map<string, string[]>()
  for (const name of kept) for (let i = 0; i <= name.length - apexLabels.length; i++) names.set(textOf(name.slice(i)), name.slice(i)) // empty non-terminals too
  const hashes = [...names.values()].map((name): [string, string[]] => [hashOf(name, chain), name]).sort(([a], [b]) => (a < b ? -1 : 1))
  return hashes.flatMap(([hash, name], i) => {
    const types = [...(records.get(textOf(name))?.keys() ?? [])]
    const isSigned = types.length > 0 && (!types.includes('NS') || types.includes('DS') || types.includes('SOA'))
    const owner = `${hash}.${apex === '.' ? '' : apex}`
    const rdata = `1 ${chain.optOut ? 1 : 0} ${chain.iterations} ${chain.salt} ${hashes[(i + 1) % hashes.length][0]} ${[...types, ...(isSigned ? ['RRSIG'] : [])].join(' ')}`
    return [`${owner} 300 NSEC3 ${rdata}`, signatureOf(owner, 'NSEC3', apex)]
  })
}

/** Lines `owner type rdata` as a master file with a signature for each RRset; those that start with `!` go without. */
export function signedLines(apex: string, text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const signed = new Set<string>()
  const records = lines.map((line) => {
    const [owner, type, ...rdata] = line.replace(/^!/, '').split(/ +/)
    if (!line.startsWith('!')) signed.add(signatureOf(owner, type, apex))
    return `${owner} 3600 ${type} ${rdata.join(' ')}`
  })
  return `${[...records, ...signed].join('\n')}\n`
}

/** The records of a section without their signatures, as `owner type rdata`; an RRset whose signature is missing or not right behind it has ` (unsigned)` at its end. */
export function unsigned(section: readonly string[]): string[] {
  const rows = section.map((line) => line.split(' '))
  const isSigned = (i: number): boolean => {
    const [owner, , , type] = rows[i]
    let behind = i + 1
    while (behind < rows.length && rows[behind][0] === owner && rows[behind][3] === type) behind++
    return behind < rows.length && rows[behind][0] === owner && rows[behind][3] === 'RRSIG' && rows[behind][4] === type
  }
  return rows.flatMap(([owner, , , type, ...rdata], i) => (type === 'RRSIG' ? [] : [`${owner} ${type} ${rdata.join(' ')}${isSigned(i) ? '' : ' (unsigned)'}`]))
}
