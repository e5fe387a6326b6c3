/**
 * Who an agent is: its id made from its KEY where it says none, its KEY registered where it is its own, and signatures
 * under the name at which that KEY is found (docs/protocol.md 2, RFC 9665 3.2.5.2).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Agent } from '../../src/client/agent.ts'
import { settleIdentity } from '../../src/client/identity.ts'
import { newKeyPair, newTsigKey } from '../../src/client/new-keys.ts'
import { sig0Signer, tsigSigner } from '../../src/client/signers.ts'
import { certifies, selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { Name } from '../../src/dns/name.ts'
import { algorithmOf } from '../dnssec/signed.ts'
import { startRegistrar } from './registrar.ts'

const PARTS = { provider: 'acme.example', capabilities: [{ name: 'v1.x' }] }
const PAIR = newKeyPair(Name.parse('laptop.example'), 15)
const RDATA = PAIR.record.rdata
const SIG0 = sig0Signer(PAIR)
const TSIG = tsigSigner(newTsigKey(Name.parse('agents-key'), algorithmOf('hmac-sha256')))

describe('an agent without an id', () => {
  it('is known by its KEY, which it registers and under which it signs', () => {
    const { registration, signer } = settleIdentity(PARTS, SIG0)
    assert.equal(registration.id, selfCertifyingId(RDATA))
    assert.equal(certifies(registration.id, RDATA), 'certified')
    assert.deepEqual(registration.key, RDATA)
    assert.equal(signer?.own?.name.toString(), `${registration.id}._sa.acme.example.`)
  })

  it('of a person stands below _ua', () => {
    assert.match(settleIdentity({ ...PARTS, kind: 'user' }, SIG0).signer?.own?.name.toString() ?? '', /^[0-9a-v]{26}\._ua\.acme\.example\.$/)
  })

  it('may have a KEY that somebody else\'s signature vouches for', () => {
    for (const signer of [TSIG, SIG0, undefined]) {
      const key = newKeyPair(Name.root, 13).record.rdata
      const settled = settleIdentity({ ...PARTS, key }, signer)
      assert.equal(settled.registration.id, selfCertifyingId(key))
      assert.equal(settled.signer, signer)
    }
  })

  it('cannot be where there is no KEY either', () => {
    for (const signer of [TSIG, undefined]) assert.throws(() => settleIdentity(PARTS, signer), (fault) => fault instanceof TypeError && /Cannot do without id/.test(fault.message))
    assert.throws(() => new Agent({ server: '127.0.0.1:53', ...PARTS }), /Cannot do without id/)
  })
})

describe('an agent with an id', () => {
  it('registers no KEY where the key that signs is another\'s', () => {
    for (const signer of [SIG0, TSIG, undefined]) {
      const settled = settleIdentity({ ...PARTS, id: 'babel' }, signer)
      assert.equal(settled.registration.key, undefined)
      assert.equal(settled.signer, signer)
    }
  })

  it('registers the KEY whose name is its own, whatever its case', () => {
    const own = sig0Signer(newKeyPair(Name.parse('Babel._sa.ACME.example'), 13))
    assert.deepEqual(settleIdentity({ ...PARTS, id: 'babel' }, own).registration.key, own.own.rdata)
    assert.equal(settleIdentity({ ...PARTS, id: 'babel', kind: 'user' }, own).registration.key, undefined)
  })

  it('registers the KEY that it is given', () => {
    const key = newKeyPair(Name.root, 13).record.rdata
    assert.deepEqual(settleIdentity({ ...PARTS, id: 'babel', key }, SIG0).registration.key, key)
  })
})

describe('an agent on the network', () => {
  it('registers, changes and withdraws under the name that its KEY makes', async () => {
    const registrar = await startRegistrar({ grant: { lease: 60, keyLease: 600 } })
    try {
      const agent = new Agent({ server: registrar.server, signer: SIG0, ...PARTS, addresses: ['192.0.2.10'] })
      const id = selfCertifyingId(RDATA)
      assert.equal(agent.name, `${id}._sa.acme.example.`)
      assert.deepEqual(await agent.register(), { lease: 60, keyLease: 600 })
      assert.deepEqual([...registrar.records].map((text) => text.replace(/KEY .*/, 'KEY')), [`${agent.name} 60 IN KEY`, `${agent.name} 60 IN A 192.0.2.10`, `v1.x._cap.acme.example. 60 IN AGENT 1 ${agent.name}`])
      await agent.change({ addresses: ['192.0.2.11'] })
      assert.ok(registrar.records.has(`${agent.name} 60 IN A 192.0.2.11`) && !registrar.records.has(`${agent.name} 60 IN A 192.0.2.10`))
      await agent.withdraw({ keepName: true })
      assert.deepEqual([...registrar.records].map((text) => text.replace(/KEY .*/, 'KEY')), [`${agent.name} 60 IN KEY`])
      assert.deepEqual(registrar.seen, Array(3).fill(`proven sig0 ${agent.name} NOERROR`))
    } finally {
      registrar.close()
    }
  })

  it('withdraws from a server without leases by deleting what it said (RFC 2136 2.5.4)', async () => {
    const registrar = await startRegistrar()
    try {
      const agent = new Agent({ server: registrar.server, id: 'babel', ...PARTS, addresses: ['192.0.2.10'] })
      await agent.register()
      assert.equal(registrar.records.size, 2)
      await agent.withdraw()
      assert.equal(registrar.records.size, 0)
      assert.deepEqual(registrar.leases.map((lease) => lease?.lease), [7_200, 0, undefined])
    } finally {
      registrar.close()
    }
  })

  it('is not withdrawn before what was sent earlier has its answer', async () => {
    const registrar = await startRegistrar({ isSilentOnUdp: true })
    try {
      const agent = new Agent({ server: registrar.server, id: 'babel', ...PARTS, timeoutMs: 100, tries: 1 })
      const registering = agent.register()
      await agent.withdraw()
      await registering
      assert.deepEqual(registrar.leases.map((lease) => lease?.lease), [7_200, 0, undefined])
      assert.equal(registrar.records.size, 0)
    } finally {
      registrar.close()
    }
  })
})
