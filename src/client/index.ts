/**
 * The library for agents and who looks for them: `import { Agent } from 'waggle/client'`.
 */
export { Agent, AgentFault, type AgentEvent, type AgentOptions, type AgentWorld } from './agent.ts'
export { CardFault, readAgentCard, type CardReading } from './agent-card.ts'
export { Asker, AskFault, CallFault, type AskerOptions, type Met, type Need } from './asker.ts'
export { ask, type Asked, type AskOptions } from './ask.ts'
export { requestChange, type ChangeOptions, type ChangeOutcome, type ChangeSigner, type OwnKey, type ReportingAdvice } from './change.ts'
export { newKeyPair, newTsigKey } from './new-keys.ts'
export type { Found, FoundAgent } from './found.ts'
export { Pace } from '../discovery/ranking/pace.ts'
export { settleIdentity, type Identity, type RegistrationParts } from './identity.ts'
export { agentName, registrationRecords, type OfferedCapability, type Registration } from './registration.ts'
export { Reporter, type LoadReading, type Profile, type ReportCause, type ReporterEvent, type ReportingOptions } from './reporter.ts'
export { readKeyFile, sig0Signer, signerFromFile, tsigSigner, type Sig0SignerOptions } from './signers.ts'
export { canMeet, SenseResponder, type SenseOptions } from './sensing.ts'
