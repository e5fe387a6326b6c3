/** Keys that sign, made anew, in files as the commands read them; `write` is that of `scratch`. */
import { newKeyPair, newTsigKey } from '../../src/client/new-keys.ts'
import { Name } from '../../src/dns/name.ts'
import { printPrivateFile, printPublicFile, type KeyPair } from '../../src/dnssec/key-files.ts'
import { printBindKey, type TsigKeyText } from '../../src/dnssec/tsig-text.ts'
import { algorithmOf } from '../dnssec/signed.ts'

type Write = (name: string, text: string) => string

/** A secret of that name, and its file. */
export function secretIn(write: Write, name: string): { secret: TsigKeyText; file: string } {
  const secret = newTsigKey(Name.parse(name), algorithmOf('hmac-sha256'))
  return { secret, file: write(`${name}.tsig`, printBindKey(secret)) }
}

/** A key pair of that name in `Kown.key` and `Kown.private`, and the path of the latter; algorithm 15 is Ed25519. */
export function pairIn(write: Write, name: string, algorithm = 15): { pair: KeyPair; file: string } {
  const pair = newKeyPair(Name.parse(name), algorithm)
  write('Kown.key', printPublicFile(pair))
  return { pair, file: write('Kown.private', printPrivateFile(pair, '20261125203729')) }
}
