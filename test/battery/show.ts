/**
 * Words for people: a question as the dig line that repeats it, a record as one short line.
 */
import { FLAG, namesInRdata, type Question, type SeenRecord } from './wire.ts'

const TYPES: Readonly<Record<number, string>> = {
  1: 'A', 2: 'NS', 5: 'CNAME', 6: 'SOA', 12: 'PTR', 13: 'HINFO', 15: 'MX', 16: 'TXT', 28: 'AAAA', 33: 'SRV', 35: 'NAPTR', 39: 'DNAME', 43: 'DS', 46: 'RRSIG', 47: 'NSEC',
  48: 'DNSKEY', 50: 'NSEC3', 51: 'NSEC3PARAM', 64: 'SVCB', 65: 'HTTPS', 255: 'ANY',
}
const CLASSES: Readonly<Record<number, string>> = { 1: 'IN', 3: 'CH', 4: 'HS', 254: 'NONE', 255: 'ANY' }

/** The type's mnemonic, or its RFC 3597 form. */
export function typeWord(type: number): string {
  return TYPES[type] ?? `TYPE${type}`
}

/** A dig command that sends this question to `port`. */
export function digLine(question: Question, port: number): string {
  const { edns, flags } = question
  const set = [
    '+norec', '+noall', '+comments', '+answer', '+authority', '+additional', '+nocookie', '+ignore',
    edns ? `+edns=${edns.version}` : '+noedns', ...(edns ? [`+bufsize=${edns.size}`, edns.dnssecOk ? '+dnssec' : '+nodnssec'] : []),
    ...(question.tcp ? ['+tcp'] : []), ...(flags & FLAG.rd ? ['+rec'] : []), ...(flags & FLAG.cd ? ['+cd'] : []), flags & FLAG.ad ? '+ad' : '+noad',
  ]
  return `dig @127.0.0.1 -p ${port} ${set.join(' ')} -q '${question.name}' -t ${typeWord(question.type)} -c ${CLASSES[question.class] ?? `CLASS${question.class}`}`
}

/** `owner ttl type rdata`; names in RDATA readable, the rest in hex and cut short; an RRSIG says what it covers. */
export function showRecord(record: SeenRecord): string {
  const names = namesInRdata(record)
  const signed = record.type === 46 ? `${typeWord(parseInt(record.rdata.slice(0, 4), 16))} ` : ''
  const rdata = names.length > 0 ? names.join(' ') : record.rdata.length > 40 ? `${record.rdata.slice(0, 40)}…` : record.rdata
  return `${record.owner} ${record.ttl} ${typeWord(record.type)} ${signed}${rdata}`
}
