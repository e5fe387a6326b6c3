/**
 * Whether an UPDATE is an SRP Update (RFC 9665 3.3): a set of instructions of three kinds, and nothing else.
 *
 *     Host Description      exactly one   delete all at the host; add one KEY; add A and AAAA             RFC 9665 3.3.1.3
 *     Service Description   any number    delete all at the instance; add at most one KEY, one SRV
 *                                         whose target is the host, and with it one TXT or more            RFC 9665 3.3.1.2
 *     Service Discovery     any number    add or delete one PTR from a service to such an instance         RFC 9665 3.3.1.1
 *
 * No prerequisites, everything within the zone, an Update Lease with LEASE at most KEY-LEASE (RFC 9665 3.3.2). What is no SRP
 * Update is for the flows behind this one. Whether names are free and who signed is not judged here.
 */
import { CLASS, TYPE } from '../../dns/codes.ts'
import { MAX_LEASE_UNITS } from '../../dns/limits-discovery.ts'
import type { DnsRecord } from '../../dns/message.ts'
import { Name } from '../../dns/name.ts'
import type { Update } from '../../update/contract.ts'
import { labelsOf } from '../identifier/capability.ts'

/** One Service Description with the Service Discovery instructions that lead to it. */
export interface SrpInstance {
  name: Name
  /** RDATA of the KEY where the message has one. */
  key: Uint8Array | undefined
  /** Undefined where the instance is removed. */
  srv: DnsRecord | undefined
  txt: DnsRecord[]
  /** PTR records added: of the service type and of its subtypes (RFC 6763 7.1). */
  pointers: DnsRecord[]
  /** Owners whose PTR to this instance is deleted. */
  unpointed: Name[]
}

/** An SRP Update, understood. */
export interface SrpUpdate {
  host: Name
  /** RDATA of the host's KEY; undefined where everything is removed without naming it (RFC 9665 3.2.5.5.1). */
  key: Uint8Array | undefined
  addresses: DnsRecord[]
  instances: SrpInstance[]
  /** The message has no Update Lease, so it is to be refused (RFC 9665 5.1). */
  withoutLease: boolean
  /** TTLs differ within an RRset, so it is to be refused (RFC 9665 4). */
  mixedTtls: boolean
}

/** Everything that a message does to one name, PTR aside. */
interface NameChanges {
  name: Name
  adds: DnsRecord[]
  /** Delete All RRsets From A Name was there, and no add before it. */
  cleared: boolean
}

interface Pointer {
  owner: Name
  target: Name
  record: DnsRecord
  added: boolean
}

/** The SRP Update that `update` is, or in words why it is none. */
export function classifySrp(update: Update): SrpUpdate | string {
  if (update.prerequisites.length > 0) return 'it has prerequisites'
  const { lease } = update
  if (lease?.keyLease !== undefined && lease.keyLease < lease.lease) return 'its KEY-LEASE is less than its LEASE'
  const sorted = sortRecords(update)
  if (typeof sorted === 'string') return sorted
  const { names, pointers } = sorted
  if (names.size > MAX_LEASE_UNITS) return 'it holds more names than one registration may'
  const host = findHost(names, pointers)
  if (typeof host === 'string') return host
  const described = describeHost(host)
  if (typeof described === 'string') return described
  const instances: SrpInstance[] = []
  for (const changes of names.values()) {
    if (changes === host) continue
    const instance = describeInstance(changes, host.name, described.key, pointers)
    if (typeof instance === 'string') return instance
    instances.push(instance)
  }
  if (pointers.some(({ target }) => target.equals(host.name) || !names.has(target.key))) return 'a PTR leads to no instance that it describes'
  return { host: host.name, ...described, instances, withoutLease: lease === undefined, mixedTtls: hasMixedTtls(update) }
}

/** Sorts the update section by name; a string where something in it can be part of no instruction. */
function sortRecords({ zone, updates }: Update): { names: Map<string, NameChanges>; pointers: Pointer[] } | string {
  const names = new Map<string, NameChanges>()
  const pointers: Pointer[] = []
  for (const record of updates) {
    if (!record.name.isWithin(zone.name)) return `${record.name.toString()} is outside of the zone`
    if (record.type === TYPE.PTR && record.rdata.length > 0 && (record.class === zone.class || record.class === CLASS.NONE)) {
      pointers.push({ owner: record.name, target: Name.fromWire(record.rdata), record, added: record.class === zone.class })
      continue
    }
    const changes = names.get(record.name.key) ?? { name: record.name, adds: [], cleared: false }
    if (record.class === CLASS.ANY && record.type === TYPE.ANY && record.rdata.length === 0) {
      if (changes.cleared) return `${record.name.toString()} is cleared twice`
      if (changes.adds.length > 0) return `${record.name.toString()} is cleared after something was added` // RFC 9665 3.3.1: deletes precede adds
      changes.cleared = true
    } else if (record.class === zone.class) changes.adds.push(record)
    else return 'it deletes in another way than SRP does'
    names.set(record.name.key, changes)
  }
  for (const { name, cleared } of names.values()) if (!cleared) return `${name.toString()} is added to without being cleared`
  return { names, pointers }
}

/**
 * The one name that is the host: the owner of addresses, or else the target of SRV records, or else the only name
 * that no PTR leads to. An update that describes two hosts is no SRP Update (RFC 9665 3.3.2).
 */
function findHost(names: ReadonlyMap<string, NameChanges>, pointers: readonly Pointer[]): NameChanges | string {
  const owners = new Set<string>()
  const targets = new Set<string>()
  for (const { name, adds } of names.values()) {
    for (const { type, rdata } of adds) {
      if (type === TYPE.A || type === TYPE.AAAA) owners.add(name.key)
      if (type === TYPE.SRV) targets.add(targetOf(rdata).key)
    }
  }
  const instances = new Set(pointers.map(({ target }) => target.key))
  let candidates = owners.size > 0 ? owners : targets
  if (candidates.size === 0) candidates = new Set([...names.keys()].filter((key) => !instances.has(key)))
  if (candidates.size === 0) return 'it describes no host'
  if (candidates.size > 1) {
    // an instance may be removed without a word about its PTR: then the KEY tells the host, which always has one
    candidates = new Set([...candidates].filter((key) => names.get(key)?.adds.some(({ type }) => type === TYPE.KEY)))
    if (owners.size > 0 || candidates.size !== 1) return 'it describes more than one host'
  }
  const [key] = candidates
  return names.get(key) ?? 'it does not describe the host that its services point to'
}

/** RFC 9665 3.3.1.3. */
function describeHost({ name, adds }: NameChanges): { key: Uint8Array | undefined; addresses: DnsRecord[] } | string {
  const keys = adds.filter(({ type }) => type === TYPE.KEY)
  const addresses = adds.filter(({ type }) => type === TYPE.A || type === TYPE.AAAA)
  if (keys.length + addresses.length < adds.length) return `something other than KEY, A or AAAA is added to the host ${name.toString()}`
  if (keys.length > 1) return `more than one KEY is added to the host ${name.toString()}`
  if (keys.length === 0 && addresses.length > 0) return `the host ${name.toString()} has no KEY`
  return { key: keys[0]?.rdata, addresses }
}

/** RFC 9665 3.3.1.2, and 3.3.1.1 for the PTRs that lead here. */
function describeInstance({ name, adds }: NameChanges, host: Name, hostKey: Uint8Array | undefined, pointers: readonly Pointer[]): SrpInstance | string {
  const text = name.toString()
  const ofType = (wanted: number): DnsRecord[] => adds.filter(({ type }) => type === wanted)
  const [keys, services, txt] = [ofType(TYPE.KEY), ofType(TYPE.SRV), ofType(TYPE.TXT)]
  if (keys.length + services.length + txt.length < adds.length) return `something other than KEY, SRV or TXT is added to the instance ${text}`
  if (keys.length > 1 || services.length > 1) return `more than one KEY or SRV is added to the instance ${text}`
  if (keys.length === 1 && (hostKey === undefined || Buffer.compare(keys[0].rdata, hostKey) !== 0)) return `the KEY of ${text} is not that of its host`
  if (services.length === 1 && txt.length === 0) return `the instance ${text} has SRV without TXT`
  if (services.length === 0 && txt.length > 0) return `the instance ${text} has TXT without SRV`
  if (services.length === 1 && !targetOf(services[0].rdata).equals(host)) return `the SRV of ${text} leads to another host`
  const mine = pointers.filter(({ target }) => target.equals(name))
  const astray = mine.find(({ owner }) => !isServiceOf(owner, name))
  if (astray !== undefined) return `${astray.owner.toString()} is no service that ${text} can be an instance of`
  const pointing = mine.filter(({ added }) => added).map(({ record }) => record)
  const unpointed = mine.filter(({ added }) => !added).map(({ owner }) => owner)
  if (services.length === 0 && pointing.length > 0) return `a PTR is added to ${text}, which is removed`
  // RFC 9665 3.2.5.5.2: the PTR of an instance that is described anew may be deleted and added again, but not only deleted (3.3.1.1)
  if (services.length === 1 && unpointed.some((owner) => !pointing.some((one) => one.name.equals(owner)))) return `a PTR to ${text} is deleted, which is described`
  return { name, key: keys[0]?.rdata, srv: services[0], txt, pointers: pointing, unpointed }
}

/** Whether PTRs at `owner` can lead to `instance`: `_a2a._tcp.d` or `sub._sub._a2a._tcp.d` to `Chat._a2a._tcp.d` (RFC 6763 4.1, 7.1). */
function isServiceOf(owner: Name, instance: Name): boolean {
  const base = labelsOf(owner)[1] === '_sub' ? owner.parent().parent() : owner
  return instance.parent().equals(base)
}

/** RFC 9665 4: TTLs within an RRset of the update must be the same. */
function hasMixedTtls({ zone, updates }: Update): boolean {
  const ttls = new Map<string, number>()
  return updates.some((record) => {
    if (record.class !== zone.class) return false
    const rrset = `${record.name.key}/${record.type}`
    const before = ttls.get(rrset)
    ttls.set(rrset, record.ttl)
    return before !== undefined && before !== record.ttl
  })
}

/** The target of SRV RDATA, behind priority, weight and port (RFC 2782). */
export function targetOf(srv: Uint8Array): Name {
  return Name.fromWire(srv, SRV_TARGET_AT)
}

const SRV_TARGET_AT = 6
