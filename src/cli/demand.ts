/**
 * `waggle demand`: what an asker needs, as the octets of the DEMAND option (docs/protocol.md 4).
 */
import { TextFault } from '../dns/faults.ts'
import { parseParameters } from '../dns/parameters.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The octets of the DEMAND option for `text`, such as `latency=200ms accuracy=0.93`. TextFault where it is no demand. */
export function encodeDemand(text: string): Uint8Array {
  return parseParameters(text, 'DEMAND')
}

/** Prints the option's octets as hexadecimal digits. Usage where the text is no demand. */
export async function demandCommand(text: string, io: Io): Promise<ExitCode> {
  try {
    io.out(`${Buffer.from(encodeDemand(text)).toString('hex')}\n`)
    return EXIT.done
  } catch (error) {
    if (!(error instanceof TextFault)) throw error
    io.err(`waggle: ${error.message} (column ${error.column})\n`)
    return EXIT.usage
  }
}
