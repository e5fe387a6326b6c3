/**
 * The log: one JSON line per event on standard output, by pino. Nothing is logged per query, as a line costs
 * as much as an answer; what happens per query is counted (metrics.ts). Every event that there is stands in
 * the table below, so that a script can wait for `"msg":"ready"` and a page can list them all.
 */
import { pino } from 'pino'
import { MAX_LOG_BACKLOG_OCTETS } from '../dns/limits.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/** Every event: its level, and what it means together with its fields. */
export const LOG_EVENTS = {
  ready: ['info', 'every socket is bound and every zone served: `listen`, `udpThreads`, `tcpThreads`, `fallback` (why threads do not read all), `zones`, `records`, `pid`, `startMs`'],
  stopping: ['info', 'a signal asked for the end: `signal`'],
  stopped: ['info', 'everything is closed; the process ends with code 0'],
  'zone served': ['debug', 'a zone was loaded at the start: `zone`, `class`, `serial`'],
  'zone loaded': ['info', 'a zone came with a reload: `zone`, `class`, `serial`'],
  'zone reloaded': ['info', 'a zone was replaced: `zone`, `class`, `previousSerial`, `serial`'],
  'zone removed': ['info', 'a zone is no longer in the config and no longer served'],
  'zone kept': ['error', 'the new file has errors and the old zone stays in service'],
  'zone refused': ['error', 'the file has errors and there is no old zone: it is not served'],
  'zone error': ['error', 'one error of a zone file: `zone`, `at` (file:line:column), `text`, `check`'],
  'zone warning': ['warn', 'one warning about a zone file: as above'],
  'zone serial went backwards': ['warn', 'the new serial is older than the one served, so that secondaries will not fetch it (RFC 1982 3.2)'],
  'zone frozen': ['info', 'an administrator has frozen a zone: updates are refused until it is thawed or the server starts again: `zone`, `class`, `serial`'],
  'zone thawed': ['info', 'its file was read again and updates go on: `zone`, `class`, `previousSerial`, `serial`'],
  'zone written': ['info', 'a zone was written into a file as an administrator asked: `zone`, `class`, `file`, `serial`, `changes` (lines of `zone diff` that its own file has come to say; 0: the file is another)'],
  'cache restored': ['info', 'what was remembered before the start is remembered again: `file`, `entries`'],
  'cache not restored': ['warn', 'what was remembered before the start is lost: `file`, `reason`'],
  'cache not saved': ['warn', 'what is remembered will be lost with the end: `file`, `reason`'],
  'cache flushed': ['info', 'the cache has forgotten as an administrator asked: `name`, `type`, `subtree`, `entries`'],
  'anchor changed': ['info', 'what is tracked of a trust anchor has changed (RFC 5011): `zone`, `key` (its tag), `algorithm`, `from`, `to` (waiting, valid, missing, revoked, removed, forgotten), `until`'],
  'anchor ended': ['error', 'all keys of a trust anchor are revoked, so that nothing of the zone is validated any more: `zone`'],
  'anchor not checked': ['warn', 'a zone was asked for its keys and no key in use has signed what came, or nothing came; it is asked again within a day: `zone`, `reason`'],
  'anchors not restored': ['error', 'the file of tracked trust anchors cannot be read, so that those of the config are believed, revoked ones among them; it is kept beside under another name: `file`, `reason`, `kept` (that name) or `unkept` (why it could not be, so that nothing is saved), `remedy`'],
  'anchors not saved': ['error', 'what is tracked of trust anchors will be lost with the end: `file`, `reason`'],
  'local root given up': ['warn', 'the copy of the root has expired, or what it says is not proven, so that root servers are asked until a reload with a new file: `file`, `reason` (expired or bogus), `name` (what was not proven)'],
  'cache judged anew': ['info', 'other trust anchors or negative anchors count than those by which what is remembered was judged, so that it is proven again when it is asked for: `entries`'],
  'reload done': ['info', 'a reload has ended: `zones` (loaded or removed), `complete` (nothing was kept or refused)'],
  update: ['info', 'a zone was asked to change, or changed by itself: `key`, `keyKind`, `address`, `transport`, `zone`, `class`, `flow`, `verdict`, `reason`, `added`, `removed`, `records` (the first few), `serial` (before and after), `lease`, `untold` (refusals left out since the last line)'],
  'promise broken': ['warn', 'askers meet less than an agent says: it is slower, or wrong more often, and is chosen less: `agent`, `capability`, `slowness` (times), `accuracy` (claimed, believed); at most once a minute for each'],
  'readings restored': ['info', 'what was known of agents before the start is known again: `file`, `readings`, `left` (too old, or of agents that are gone)'],
  'readings not restored': ['warn', 'agents are unknown until they report: `file`, `reason`'],
  'readings not saved': ['warn', 'agents will be unknown after the next start until they report; told once until it works again: `file`, `reason`'],
  'agent failed': ['warn', 'an agent fails its probes and is not answered any more: `agent`, `reason` (of the last)'],
  'agent back': ['info', 'an agent that had failed passes its probes and is answered again: `agent`'],
  'embeddings failing': ['warn', 'the embeddings endpoint fails, so that needs in words are searched for by words alone, or new capabilities are: `what` (needs, vocabulary), `reason` (of the last request); it is tried again twice a minute'],
  'embeddings back': ['info', 'the embeddings endpoint answers again: `what`'],
  'embeddings not restored': ['warn', 'vectors of the vocabulary are fetched anew: `file`, `reason`'],
  'embeddings not saved': ['warn', 'vectors of the vocabulary will be fetched anew after the next start; told once until it works again: `file`, `reason`'],
  'outcomes lost': ['warn', 'askers told of outcomes faster than they could be weighed: `demands` (whose outcomes were lost since the last line)'],
  'subscription cut': ['warn', 'more records stand where somebody subscribes than are told of (MAX_PUSH_RECORDS): `topic` (class, type, name)'],
  'updates refused': ['error', 'nothing can be kept, so that every update is answered SERVFAIL: `code`, `reason`'],
  'store fault': ['error', 'keeping has begun to fail; updates are answered SERVFAIL until it works again: `code`, `reason`'],
  'store recovered': ['info', 'keeping works again: `folder`'],
  'config error': ['error', 'one error of the config at a reload: `at`, `text`'],
  'config warning': ['warn', 'one warning about the config: `at`, `text`'],
  'config kept': ['error', 'the config has errors: the reload is given up and everything stays as it is'],
  'config keys taken': ['info', 'these keys changed and are in use: `keys`'],
  'config keys wait': ['warn', 'these keys changed and take effect at the next start: `keys`'],
  'cookie secret rotated': ['debug', 'cookies are made with a new random secret; those made with the one before are still accepted'],
  'udp without batches': ['info', 'UDP is read datagram by datagram: `reason`'],
  'tcp without epoll': ['info', 'TCP is read by Node in the main thread: `reason`'],
  'workers without effect': ['warn', 'the config sets `workers`, but UDP is not read in batches'],
  'control socket not open': ['warn', 'the commands `stats` and `zone` will not work: `path`, `reason`'],
  'metrics open': ['info', 'Prometheus may fetch the metrics here: `address`'],
  'metrics not open': ['warn', 'the metrics cannot be fetched, answering goes on: `address`, `reason`'],
  fault: ['error', 'our own code failed on a query, which was answered SERVFAIL or not at all: `fault`, `untold` (further ones, not told)'],
} as const satisfies Record<string, readonly [Level, string]>

/** The name of an event: its `msg`. */
export type LogEvent = keyof typeof LOG_EVENTS

/** Writes one event. Fields that cost something to make are made by a function, which is called where the line is wanted. */
export type Log = (event: LogEvent, fields?: object | (() => object)) => void

/** A log of lines at `level` or above: `{"level":"info","time":"2026-11-01T12:00:00.000Z","msg":"ready",…}`. Each line is written before the call returns. */
export function openLog(level: string): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_LOG_BACKLOG_OCTETS })
  destination.on('error', () => undefined) // a disk that is full costs lines, not the service; they are tried again with the next one
  const sink = pino(options, destination)
  return (event, fields = {}) => {
    const level = LOG_EVENTS[event][0]
    if (sink.isLevelEnabled(level)) sink[level](typeof fields === 'function' ? (fields as () => object)() : fields, event)
  }
}
