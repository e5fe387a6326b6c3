/**
 * `waggle check`: reads config and zone files as the server would, and tells everything that it finds.
 */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { CLASS, parseClass, printClass } from '../dns/codes.ts'
import { Name } from '../dns/name.ts'
import { readConfig, type ConfigZone } from '../ops/config.ts'
import { hasErrors, printFinding, type Finding } from '../ops/finding.ts'
import { reasonOf } from '../ops/reason.ts'
import { loadZoneFile } from '../ops/zone-load.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The options of the command as commander gives them. */
export interface CheckOptions {
  origin?: string
  class?: string
  strict?: boolean
  quiet?: boolean
}

/** Checks `files` one after another. Failed where any holds an error, or a warning with `strict`; usage where options cannot be read. */
export async function checkCommand(files: readonly string[], options: CheckOptions, io: Io): Promise<ExitCode> {
  const rrClass = options.class === undefined ? undefined : parseClass(options.class)
  if (options.class !== undefined && rrClass !== CLASS.IN && rrClass !== CLASS.LOCAL) return wrongUse(io, `Cannot use class "${options.class}" as it must be IN or LOCAL`)
  let origin: Name | undefined
  try {
    if (options.origin !== undefined) origin = Name.parse(options.origin)
  } catch (error) {
    return wrongUse(io, (error as Error).message)
  }
  const checker = new Checker(io, options)
  for (const file of files) {
    if (/\.ya?ml$/i.test(file)) checker.checkConfig(file)
    else checker.checkZoneFile(file, origin, rrClass)
  }
  return checker.failed ? EXIT.failed : EXIT.done
}

function wrongUse(io: Io, message: string): ExitCode {
  io.err(`waggle: ${message}\n`)
  return EXIT.usage
}

class Checker {
  failed = false
  private readonly io: Io
  private readonly options: CheckOptions

  constructor(io: Io, options: CheckOptions) {
    this.io = io
    this.options = options
  }

  checkConfig(file: string): void {
    const { config, findings } = readConfig(file)
    this.tell(findings)
    if (config === undefined) return
    this.say(`${file}: ${countOf(config.zones.length, 'zone')}`)
    for (const zone of config.zones) this.checkZone(zone)
  }

  /** A zone file by itself: its name and class are given, or guessed from the file's name and text. */
  checkZoneFile(file: string, origin: Name | undefined, rrClass: number | undefined): void {
    const place = { file, line: 0, column: 0 }
    try {
      const name = origin ?? nameFromFile(file)
      this.checkZone({ name, class: rrClass ?? classFromText(readFileSync(file, 'latin1')), file, place })
    } catch (error) {
      this.tell([{ ...place, severity: 'error', message: `Cannot check zone file: ${reasonOf(error)}` }])
    }
  }

  private checkZone(zone: ConfigZone): void {
    const loaded = loadZoneFile({ apex: zone.name.wire, class: zone.class, file: zone.file, place: zone.place }, 0)
    this.tell(loaded.findings)
    if (loaded.buffer !== undefined) this.say(`${zone.file}: zone ${zone.name.toString()} ${printClass(zone.class)}, serial ${loaded.serial}, ${countOf(loaded.records, 'record')}`)
  }

  private tell(findings: readonly Finding[]): void {
    for (const finding of findings) this.io.out(`${printFinding(finding)}\n`)
    if (hasErrors(findings) || (this.options.strict === true && findings.length > 0)) this.failed = true
  }

  private say(text: string): void {
    if (this.options.quiet !== true) this.io.out(`${text}\n`)
  }
}

function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** `acme.example.` for `/etc/zones/acme.example.zone`. TextFault where the file's name is no domain name. */
export function nameFromFile(file: string): Name {
  return Name.parse(basename(resolve(file)).replace(/\.(zone|db|txt)$/i, ''))
}

/** The class that the zone's SOA entry names, as far as one can tell without parsing; IN where it names none. */
export function classFromText(text: string): number {
  const match = /^[^;"\n]*?\s(IN|LOCAL|CLASS\d+)\s+(?:\d\w*\s+)?SOA\s/im.exec(text)
  return match === null ? CLASS.IN : (parseClass(match[1]) ?? CLASS.IN)
}
